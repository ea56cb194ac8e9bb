"""Lab notebooks: one file a run or a sweep."""
