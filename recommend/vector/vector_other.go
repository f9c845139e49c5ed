//go:build !amd64

package vector

const fast = false

func dot64(x, y *[64]float32) float32 { panic("BUG: vector: no such kernel") }

func add64(a float32, x, y *[64]float32) { panic("BUG: vector: no such kernel") }

func add32(a float32, x, y *[32]float32) { panic("BUG: vector: no such kernel") }

func mul32(x *float32, n int, rows, y *[32]float32) { panic("BUG: vector: no such kernel") }

func outer32(x *float32, n int, y, rows *[32]float32) { panic("BUG: vector: no such kernel") }
