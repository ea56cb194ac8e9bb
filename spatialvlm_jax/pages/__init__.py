"""What people look at in a browser, and the small charts that pages share."""
