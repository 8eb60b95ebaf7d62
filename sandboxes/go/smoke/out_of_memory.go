package main

var held [][]byte

func main() {
	for {
		block := make([]byte, 1000000)
		for i := range block {
			block[i] = 1
		}
		held = append(held, block)
	}
}
