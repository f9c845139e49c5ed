package vector

// fast says whether the processor and the system know AVX2 and FMA.
var fast = func() bool {
	const (
		fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ecx
		avx2              = 1 << 5                    // leaf 7, ebx
		saved             = 2 | 4                     // xmm and ymm state
	)
	leaves, _, _ := cpuid(0, 0)
	if leaves < 7 {
		return false
	}
	_, _, c := cpuid(1, 0)
	if c&(fma|osxsave|avx) != fma|osxsave|avx || xgetbv()&saved != saved {
		return false
	}
	_, b, _ := cpuid(7, 0)
	return b&avx2 != 0
}()

func cpuid(leaf, sub uint32) (eax, ebx, ecx uint32)

func xgetbv() uint32

//go:noescape
func dot64(x, y *[64]float32) float32

//go:noescape
func add64(a float32, x, y *[64]float32)

//go:noescape
func mul32(x *float32, n int, rows, y *[32]float32)

//go:noescape
func outer32(x *float32, n int, y, rows *[32]float32)

//go:noescape
func multiply4x16(c *float32, ldc uintptr, a *float32, ra, ca uintptr, b *float32, ldb, k uintptr)

//go:noescape
func exps8(x, shift *float32, by float32, n uintptr) float32

//go:noescape
func adagrad(w, grad, sums *float32, n int, rate float32)
