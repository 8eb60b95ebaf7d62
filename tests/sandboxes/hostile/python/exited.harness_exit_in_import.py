# returns: nothing
# A clean end before the function was called is no answer.
import sys

sys.exit(0)
