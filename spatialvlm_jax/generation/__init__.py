"""From scenes to spatial questions and answers with metric truth."""
