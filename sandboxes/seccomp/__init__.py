"""The two system-call filters: the container's, which lets the runner make boxes, and the box's, which is strict."""
