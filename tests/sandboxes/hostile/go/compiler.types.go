// Types whose size doubles with each.
package main

type A [1 << 20]int
type B [1 << 20]A
type C [1 << 20]B
type D struct{ x [1 << 30]C }
type G[T any] struct{ x *G[G[T]]; y T }

var d D
var g G[int]

func main() { println(len(d.x), g.y) }
