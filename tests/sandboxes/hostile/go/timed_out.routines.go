// Threads without number, each held in a call of the kernel.
package main

import "syscall"

func main() {
	for i := 0; i < 1000; i++ {
		go func() {
			for {
				syscall.Getppid()
			}
		}()
	}
	select {}
}
