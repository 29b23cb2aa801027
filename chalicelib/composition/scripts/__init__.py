"""What runs inside the page, as JavaScript files: each is one function expression."""
