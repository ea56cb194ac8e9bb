"""How questions for directions are worded: sectors, clock hours, and angles from the camera.

Answers to "where": {direction} and {place}. Answers to "clock": {hour}, 1 to 12 in digits. Answers
to "bearing": {value} is the angle with its side ("30 degrees to the right"), or "straight ahead".
"""

from spatialvlm_jax.generation.wording.frames import Frames

WHERE_QUESTIONS: Frames = (
    "where is the {a} from the {b}?",
    "Where is the {a} relative to the {b}?",
    "Where does the {a} stand, as seen from the camera, with respect to the {b}?",
    "Starting at the {b}, where would you look for the {a}?",
    "On which side of the {b} is the {a}?",
    "Where in relation to the {b} would you place the {a}?",
    "In which direction from the {b} does the {a} lie?",
    "Which way is the {a} from the {b}, as seen from here?",
    "How is the {a} placed with respect to the {b}?",
    "Where would I find the {a}, coming from the {b}?",
    "Seen from the camera, where does the {a} lie relative to the {b}?",
    "Can you describe where the {a} is in relation to the {b}?",
    "Could you tell me where the {a} is from the {b}?",
    "What is the position of the {a} relative to the {b}?",
    "Relative to the {b}, where is the {a}?",
    "With the {b} as the reference, where is the {a}?",
    "In what direction should one go from the {b} to get to the {a}?",
    "Where is the {a} located with respect to the {b}?",
    "If you start at the {b}, on which side do you find the {a}?",
    "From this viewpoint, where is the {a} compared with the {b}?",
    "Looking at the scene, where does the {a} stand from the {b}?",
)

WHERE_ANSWERS: Frames = (
    "{direction}",
    "The {a} is {place} the {b}.",
    "It is {place} the {b}.",
    "It stands {place} the {b}.",
    "You find it {place} the {b}.",
    "The {a} lies {place} it.",
    "The {a} can be found {place} the {b}.",
    "Seen from here, the {a} is {place} the {b}.",
    "I would place the {a} {place} the {b}.",
    "Its place is {place} the {b}.",
    "Look {place} the {b} and you see the {a}.",
)

CLOCK_QUESTIONS: Frames = (
    "at what o'clock is the {a} from the {b}, facing away from the camera?",
    "Standing at the {b} and facing away from the camera, at what o'clock is the {a}?",
    "If you stand at the {b} with the camera behind you, at what o'clock is the {a}?",
    "From the {b}, with twelve pointing away from the camera, at what hour is the {a}?",
    "Take the {b} as the center of a clock whose twelve points away from the camera: where on "
    "the dial is the {a}?",
    "With your back to the camera at the {b}, in which clock direction do you see the {a}?",
    "In clock terms, where is the {a} for someone at the {b} who faces away from the camera?",
    "At the {b}, looking away from the camera, which clock direction leads to the {a}?",
    "Which hour on the clock points from the {b} to the {a}, if twelve is away from the camera?",
    "Facing away from the camera at the {b}, what clock position is the {a} at?",
    "Imagine standing at the {b}, facing away from the camera: at which hour is the {a}?",
    "What is the clock direction of the {a} from the {b}, when twelve is away from the camera?",
    "Could you give the clock direction from the {b} to the {a}, facing away from the camera?",
    "If the {b} is the center of a clock and twelve lies away from the camera, which hour "
    "points at the {a}?",
    "For a person at the {b} with the camera behind them, the {a} is at what o'clock?",
    "Seen from the {b}, facing away from the camera, towards which hour is the {a}?",
    "You are at the {b} and look away from the camera: what hour marks the {a}?",
    "At what hour of the clock do you find the {a} from the {b}, your back to the camera?",
    "Suppose you face away from the camera at the {b}: in which clock direction is the {a}?",
    "Using clock directions with twelve away from the camera, where is the {a} from the {b}?",
    "Tell me the clock direction: at the {b}, facing away from the camera, where is the {a}?",
)

CLOCK_ANSWERS: Frames = (
    "{hour} o'clock",
    "At {hour} o'clock.",
    "It is at {hour} o'clock.",
    "The {a} is at {hour} o'clock.",
    "The {a} is at {hour} o'clock from the {b}.",
    "You see it at {hour} o'clock.",
    "Towards {hour} o'clock.",
    "Its direction is {hour} o'clock.",
    "From the {b} it lies at {hour} o'clock.",
    "I would say {hour} o'clock.",
    "The hour is {hour} o'clock.",
)

BEARING_QUESTIONS: Frames = (
    "at what angle from straight ahead is the {a}?",
    "By what angle would the camera have to turn to face the {a}?",
    "Which way and how far must I turn to face the {a}?",
    "What is the bearing of the {a} from the camera?",
    "In which direction from straight ahead is the {a}, as an angle?",
    "By how much is the {a} off to one side, as an angle from straight ahead?",
    "How far off straight ahead is the {a}, as an angle?",
    "What angle lies between straight ahead and the {a}, and on which side?",
    "Through what angle should a robot at the camera turn to face the {a}?",
    "Measured from straight ahead, at what bearing is the {a}?",
    "Can you estimate the bearing of the {a}, measured from straight ahead?",
    "Could you give the angle by which to turn towards the {a}, and the side?",
    "As seen from above, at what angle from the viewing direction is the {a}?",
    "To look straight at the {a}, by what angle and to which side should I turn?",
    "What turn, as an angle, would bring the {a} straight ahead?",
    "What angle should the viewer turn, and to which side, to face the {a}?",
    "On which side of straight ahead is the {a}, and by what angle?",
    "Along the ground, what is the angle from straight ahead to the {a}?",
    "Tell me the bearing of the {a} from here, with straight ahead as zero?",
    "At what bearing, to the left or to the right, does the {a} lie?",
    "If straight ahead is zero, what is the angle to the {a}?",
)

BEARING_ANSWERS: Frames = (
    "{value}",
    "Roughly {value}.",
    "It is {value}.",
    "The {a} is {value}.",
    "I would say {value}.",
    "It lies {value}.",
    "The {a} lies {value}.",
    "From the camera it is {value}.",
    "Its bearing is {value}.",
    "From here the {a} is {value}.",
    "You find it {value}.",
)
