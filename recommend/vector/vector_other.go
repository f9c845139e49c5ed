//go:build !amd64

package vector

const fast = false

func dot64(x, y *[64]float32) float32 { panic("BUG: vector: no such kernel") }

func add64(a float32, x, y *[64]float32) { panic("BUG: vector: no such kernel") }

func mul32(x *float32, n int, rows, y *[32]float32) { panic("BUG: vector: no such kernel") }

func outer32(x *float32, n int, y, rows *[32]float32) { panic("BUG: vector: no such kernel") }

func multiply4x16(c *float32, ldc uintptr, a *float32, ra, ca uintptr, b *float32, ldb, k uintptr) {
	panic("BUG: vector: no such kernel")
}

func exps8(x, shift *float32, by float32, n uintptr) float32 { panic("BUG: vector: no such kernel") }

func adagrad(w, grad, sums *float32, n int, rate float32) { panic("BUG: vector: no such kernel") }
