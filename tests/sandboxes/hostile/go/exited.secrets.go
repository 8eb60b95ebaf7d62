// beside: a secret
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

func main() {
	found := []string{}
	for _, one := range os.Environ() {
		name := strings.SplitN(one, "=", 2)[0]
		if name != "PATH" && name != "HOME" && name != "LANG" && name != "GOMAXPROCS" && name != "GOMEMLIMIT" {
			found = append(found, name)
		}
	}
	for _, path := range []string{"/proc/1/environ", "/proc/1/mem", "/etc/shadow", "/run/docker.sock"} {
		if data, err := os.ReadFile(path); err == nil {
			found = append(found, path, string(data))
		}
	}
	for _, address := range []string{"127.0.0.1:80", "1.1.1.1:443", "[::1]:80"} {
		if _, err := net.Dial("tcp", address); err == nil {
			found = append(found, address)
		}
	}
	for _, number := range []uintptr{101, 165, 272, 321, 425, 298, 250} {
		if _, _, err := syscall.RawSyscall6(number, 0, 0, 0, 0, 0, 0); err != syscall.EPERM && err != syscall.ENOSYS {
			found = append(found, fmt.Sprint(number, err))
		}
	}
	syscall.Kill(1, syscall.SIGKILL)
	if len(found) > 0 {
		fmt.Println(found)
	}
	fmt.Println("held")
}
