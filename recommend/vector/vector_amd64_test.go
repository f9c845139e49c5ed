package vector

import "testing"

func TestLoopsWithoutTheKernels(t *testing.T) {
	defer func(was bool) { fast = was }(fast)
	fast = false
	TestKernelsEqualLoops(t)
	TestLayersEqualLoops(t)
	TestExpsEqualLoops(t)
	TestAdagradEqualsLoop(t)
}
