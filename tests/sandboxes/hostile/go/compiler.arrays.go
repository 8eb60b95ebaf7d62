// Arrays larger than any machine, filled.
package main

var a = [1 << 34]byte{1<<34 - 1: 1}
var b = [...]int{1 << 40: 1}

func main() { println(a[5], b[7]) }
