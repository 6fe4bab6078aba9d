"""When a transform is plausible: a table for people, who know what their camera may meet."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """Of one transform: its family, where it is plausible, and where it is not."""

    family: str
    where: str
    unless: str


_TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "geometry": {
        "Rotate": (
            "Where the camera or the object may be turned: parts on a belt, cells, aerial photos; a few degrees nearly "
            "always.",
            "Far, where gravity or a meaning holds the up: street scenes, faces, the digits 6 and 9.",
        ),
        "SafeRotate": (
            "As `Rotate`, where nothing at the rim may be lost: defects near an edge, documents.",
            "Where the size of things is the class: the image shrinks with the angle.",
        ),
        "Translate": (
            "Where the object is not centred by a person or a machine; it will not be in the next photos either.",
            "Where the place is the label: which slot is empty, on which side the lesion lies.",
        ),
        "Zoom": (
            "Where the distance to the camera varies: hand-held photos, wildlife, traffic.",
            "Where size is the class and the camera is fixed: M4 and M5 screws on a bench, cell growth.",
        ),
        "Shear": (
            "Handwriting, signs and labels seen somewhat from the side.",
            "Rigid parts under a fixed camera, and where angles are measured.",
        ),
        "Affine": (
            "Where angle, distance and place vary at once, as in hand-held photos.",
            "Where one of its parts is not plausible: fix that field at its identity.",
        ),
        "Perspective": (
            "Flat things seen from different sides: signs, documents, screens, packages.",
            "Scans, microscopes, cameras that look straight down on one plane.",
        ),
    },
    "crops": {
        "ResizedCrop": (
            "Photos of one large subject, as in ImageNet, of which a part is enough to know it.",
            "Where the decisive detail is small or stands at the rim, and may be cut away with its label kept.",
        ),
        "SafeCrop": (
            "Detection and segmentation, where objects are small and all must stay in sight.",
            "Where what stands around the object decides, as far as the crop removes it.",
        ),
        "Crop": (
            "Where images are larger than what the network reads, and any part of them shows the class.",
            "Where the class shows in one place only; validation needs `CenterCrop` of the same size.",
        ),
        "CenterCrop": (
            "Where subjects stand in the middle and the rim is background; the pair of `Crop` for validation.",
            "Where subjects stand anywhere.",
        ),
        "Pad": (
            "Where later geometry needs room around the subject, or smaller subjects are to be met.",
            "Where the rim looks natural: bars and smears are cheap hints for a network.",
        ),
        "Resize": (
            "Where all images are to be smaller after transforms that need the full resolution.",
            "In place of `prepare(size=...)`, which validation images get as well.",
        ),
        "LongestSide": (
            "Where the aspect must stay and the whole image must fit a square.",
            "Where the decisive detail is a few pixels wide already.",
        ),
        "ShortestSide": (
            "Before `Crop`, so that a crop of one size fits into every image.",
            "Where the decisive detail is a few pixels wide already.",
        ),
    },
    "symmetry": {
        "HorizontalFlip": (
            "Animals, plants, food, furniture, landscapes: their mirror images are as common.",
            "Text, digits, road signs with arrows, the side of a body, left-hand and right-hand parts.",
        ),
        "VerticalFlip": (
            "Where nothing is up: a cell upside down is a cell. Aerial photos, textures, parts seen from above.",
            "Where gravity holds the up: no camera meets a cat, a street or a face upside down.",
        ),
        "Transpose": (
            "Where both flips and quarter turns are: cells, tissue, textures, aerial photos.",
            "Text, scenes with an up, parts that have a hand.",
        ),
        "Rotate90": (
            "Photos from above, tissue, textures, parts that lie in any direction.",
            "Scenes with an up, text, and cameras that always see the part the same way round.",
        ),
        "D4": (
            "Where no direction and no hand means anything: cells, tissue, galaxies, crystals.",
            "Parts with a thread or a hand, text, scenes with an up.",
        ),
    },
    "bends": {
        "Elastic": (
            "Soft things: tissue, cells, cloth, leaves, handwriting.",
            "Rigid parts, buildings, and where a bend is the defect that is looked for.",
        ),
        "PiecewiseAffine": (
            "Paper, cloth, skin; moderate amounts on handwriting.",
            "Rigid parts, and where straight edges are the evidence.",
        ),
        "GridDistortion": (
            "Things whose proportions vary from one to the next: faces, fruit, handwriting.",
            "Where proportions are the class, or lengths are measured.",
        ),
        "OpticalDistortion": (
            "Where lenses differ: action cameras, phones, endoscopes, fisheye views.",
            "Scans, and cameras of one lens that was calibrated.",
        ),
        "ThinPlateSpline": (
            "Smooth bends of the whole: pages of a book, labels on bottles, organs.",
            "Rigid parts and buildings.",
        ),
        "GridShuffle": (
            "Textures and materials, where each piece shows the class.",
            "Everything whose parts have places: objects, faces, scenes.",
        ),
    },
    "colour": {
        "Saturation": (
            "Where cameras, their settings or the weather differ.",
            "Where how vivid a colour is decides: ripeness, stains, chemical tests.",
        ),
        "Hue": (
            "Manufactured things that come in any colour; small angles for cameras that differ.",
            "Where the colour is the class: fruit, traffic lights, wires, stained tissue.",
        ),
        "ColorJitter": (
            "Photos of unknown cameras in unknown light, in moderation.",
            "Calibrated cameras under fixed lamps, and where colour decides.",
        ),
        "ChannelShift": (
            "Cameras with another white balance, scans of aged film.",
            "Where small differences of colour are measured.",
        ),
        "ChannelShuffle": (
            "Where shape alone decides and colour misleads.",
            "Almost all natural photos: no camera sees a green sky.",
        ),
        "ChannelDropout": (
            "Where a network leans on one colour too much, or a sensor loses one.",
            "Where the classes differ in that colour alone.",
        ),
        "Grayscale": (
            "Where some cameras are black and white, or infrared at night, or colour misleads.",
            "Where colour decides: ripe or not, red wire or blue.",
        ),
        "Sepia": (
            "Archives, where some photos are toned or faded and others are not.",
            "Photos of today's cameras.",
        ),
        "ColorTemperature": (
            "Photos in daylight, shade and lamp light, or with other white balances.",
            "Fixed lamps with a camera that is balanced for them.",
        ),
        "PcaLighting": (
            "Natural photos of ordinary things, for slight changes of the light.",
            "Images whose colours are not those of photos: false colours, stains, thermal images.",
        ),
    },
    "tone": {
        "Brightness": (
            "Where light or exposure varies: outdoors, hand-held, from one room to the next.",
            "Where gray values are measured, as in CT; hardly useful where exposure is fixed.",
        ),
        "Contrast": (
            "Where haze, flat light or another camera change it.",
            "Where faintness is the class, as with slight stains and scratches.",
        ),
        "Gamma": (
            "Where screens, cameras or raw converters differ, and for shade that keeps black and white.",
            "Where values are linear measurements.",
        ),
        "Invert": (
            "Where negatives occur: X-rays of either kind, dark and bright field, white text on black.",
            "Ordinary photos.",
        ),
        "Posterize": (
            "Where images come from few-bit cameras or palettes, or to make a network rely on shape.",
            "Where smooth shading decides.",
        ),
        "Solarize": (
            "As strong regularisation on large sets of natural photos, where papers found it useful.",
            "Where the result should still be a possible photo.",
        ),
        "ToneCurve": (
            "Cameras and phones that develop photos in their own ways; stained slides of other scanners.",
            "Where values are linear measurements.",
        ),
        "Equalize": (
            "Where contrast differs a lot from image to image, and only the order of tones means something.",
            "Where the overall brightness decides, or plain areas would turn into noise.",
        ),
        "AutoContrast": (
            "Where some of the cameras stretch contrast by themselves.",
            "Where absolute levels decide: day and night, exposure tests.",
        ),
        "CLAHE": (
            "Low local contrast: X-rays, retina photos, underwater, fog.",
            "Noisy images with plain areas, whose noise it raises.",
        ),
    },
    "detail": {
        "GaussianBlur": (
            "Where focus or resolution vary: cheap lenses, video, far objects.",
            "Where the finest detail is the class: cracks, weave, sharpness itself.",
        ),
        "MotionBlur": (
            "Hand-held and moving cameras, belts, sports, traffic.",
            "Tripods, scanners and flash.",
        ),
        "DefocusBlur": (
            "Cameras that focus by themselves, microscopes, large apertures.",
            "Scanners and fixed focus on a fixed plane.",
        ),
        "ZoomBlur": (
            "Cameras that move forwards: cars, drones, trains.",
            "Cameras that stand still.",
        ),
        "Median": (
            "Phones and cameras that smooth noise away; paintings and compressed video.",
            "Thin lines, which it removes: cracks, hair, writing.",
        ),
        "Sharpen": (
            "Where some cameras sharpen and others do not.",
            "Noisy images, whose noise it raises.",
        ),
        "UnsharpMask": (
            "Photos that people or phones have edited.",
            "Raw or linear data of one instrument.",
        ),
        "Emboss": (
            "Surfaces under light from one side: coins, scratches, plaster.",
            "Most photos, beyond small amounts.",
        ),
        "Ringing": (
            "Images from the web that were sharpened or compressed; MRI.",
            "Uncompressed images of one camera.",
        ),
        "Downscale": (
            "Far objects, thumbnails, cameras of lower resolution.",
            "Where the decisive detail is a few pixels wide already.",
        ),
        "JpegCompression": (
            "Photos from phones, messengers and the web.",
            "Lossless sources that will stay so, and the search for traces of editing.",
        ),
        "WebpCompression": (
            "Photos from web sites and apps that recode uploads.",
            "Lossless sources that will stay so.",
        ),
    },
    "noise": {
        "GaussianNoise": (
            "Sensors in low light, radio and analogue links; small amounts nearly everywhere.",
            "Clean scans and renderings, and where fine texture decides.",
        ),
        "PoissonNoise": (
            "Few photons: fluorescence, astronomy, X-rays, short exposures.",
            "Bright scenes, whose noise is below one level.",
        ),
        "SaltAndPepper": (
            "Dead and hot pixels, faulty transmission, dust on scans.",
            "Sensors without such faults; specks that are the class, such as stars or pores.",
        ),
        "SpeckleNoise": (
            "Coherent waves: ultrasound, radar, laser light, OCT.",
            "Ordinary photos, whose noise is not like that.",
        ),
        "IsoNoise": (
            "Phones and cameras at high ISO, night and indoor photos.",
            "Scans and studio light.",
        ),
        "PixelDropout": (
            "Dead pixels, lost packets, sparse sensors.",
            "Where single pixels are the evidence.",
        ),
    },
    "light": {
        "Vignette": (
            "Lenses that darken the corners: wide apertures, endoscopes, microscopes.",
            "Scanners, and images that were corrected for it.",
        ),
        "LinearIllumination": (
            "A window or lamp at one side, indoors or at a machine.",
            "Ring lights and scanners; where shading shows the shape that decides.",
        ),
        "CornerIllumination": (
            "A lamp, a flash or a light leak at one corner.",
            "Even light that is controlled.",
        ),
        "GaussianIllumination": (
            "Spots of lamps, reflections on shiny parts, uneven flash.",
            "Where a bright or dark patch is the class: lesions, stains, hot spots.",
        ),
        "Shadow": (
            "Outdoors and open machines, where something may stand in the light.",
            "Closed boxes with diffuse light; where dark shapes are the class.",
        ),
        "PlasmaBrightness": (
            "Clouds, smoke, uneven staining or lighting of surfaces.",
            "Even light; where faint patches are the class.",
        ),
        "PlasmaContrast": (
            "Haze and moisture in patches, dirt on a lens.",
            "Clean optics; where local contrast decides.",
        ),
        "PlasmaShadow": (
            "Shadows of trees and clouds: outdoors, drones, agriculture.",
            "Indoors; where dark patches are the class.",
        ),
    },
    "weather": {
        "Fog": (
            "Outdoor cameras: traffic, harbours, wildlife, drones.",
            "Indoors, and where visibility is the label.",
        ),
        "Rain": (
            "Outdoor cameras in all seasons, car cameras.",
            "Indoors; where streaks could be scratches that are looked for.",
        ),
        "Snow": (
            "Outdoor cameras in cold places, wildlife, roads.",
            "Indoors and warm places; where white cover is the label.",
        ),
        "SunFlare": (
            "Outdoor cameras that may look towards the sun, car cameras, drones.",
            "Indoors, microscopes, cameras that look down.",
        ),
    },
    "occlusion": {
        "Erase": (
            "Things that others may hide: people, cars, shelves; labels that show in several places.",
            "Where one small spot decides and may be covered with its label kept.",
        ),
        "CoarseDropout": (
            "Several small covers: leaves, fingers, stickers, dirt.",
            "Where one small spot decides; where dark squares resemble defects.",
        ),
        "GridDropout": (
            "Large subjects that show everywhere, as a regulariser for classification.",
            "Small objects that fit into a hole.",
        ),
        "GridMask": (
            "Large subjects, as `GridDropout`, with fewer cases in which all is covered.",
            "Small objects that fit into a square.",
        ),
        "HideAndSeek": (
            "Where a network looks at one part only and should find the others.",
            "Small objects, and where one part alone is the evidence.",
        ),
    },
    "mixing": {
        "AugMix": (
            "Classification that must hold under noise, blur, weather and compression it was not trained on.",
            "Detection and segmentation, and where slight differences decide that a mix of copies hides.",
        ),
        "MixUp": (
            "Classification with few images and labels that are sure, as a regulariser; no photo looks like it.",
            "Where classes are told by slight differences that a blend hides; shares cannot be written to folders.",
        ),
        "CutMix": (
            "Classification of large subjects, of which a part is enough to know it.",
            "Small subjects, of which the rectangle may hold nothing but the label's share.",
        ),
        "Mosaic": (
            "Detection of objects in many sizes and places.",
            "One centred subject an image, and where the scene around it decides.",
        ),
        "CopyPaste": (
            "Detection and segmentation of objects that stand anywhere, rare ones above all.",
            "Where an object is known by where it stands or by the light it shares.",
        ),
        "BackgroundSwap": (
            "Subjects cut out by good masks, photographed before one background and used before others.",
            "Where the background is part of the class, and where masks are rough: the seam gives it away.",
        ),
        "MaskDropout": (
            "Where several marked things share an image, and the rest should do without one of them.",
            "Where the removed thing is the label of the whole image.",
        ),
    },
}

FAMILIES: tuple[str, ...] = tuple(_TABLE)
NOTES: dict[str, Note] = {
    name: Note(family, *texts) for family, rows in _TABLE.items() for name, texts in rows.items()
}  # by the name of the transform, in the order in which people look for them
