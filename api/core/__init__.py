"""What all slices need; knows none of them."""
