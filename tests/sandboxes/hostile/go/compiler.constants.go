// Constants of more digits than there is room.
package main

const (
	a = 1 << 500
	b = a * a * a * a * a * a * a * a
	c = 1e1000000000
	d = c * c * c * c * c * c
	e = "x" + f
	f = "y" + e
)

func main() { println(b, d, e) }
