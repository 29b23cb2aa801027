"""What a composition is: a folder of HTML that has a size, a length and a picture at each moment."""
