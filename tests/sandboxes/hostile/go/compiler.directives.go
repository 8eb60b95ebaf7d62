// Directives that would have a linker run or read what it should not.
package main

//go:cgo_ldflag "-Wl,/etc/passwd"
//go:cgo_import_dynamic _ _ "/proc/1/mem"
//go:linkname secret os.runtime_args
func secret() []string

//go:embed canary.txt
var text string

func main() { println(text, secret()) }
