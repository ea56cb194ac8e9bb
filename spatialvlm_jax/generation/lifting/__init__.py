"""From what is seen of a photo to a scene in metres."""
