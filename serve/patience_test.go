package serve

import (
	"testing"
	"testing/synctest"
	"time"
)

// Requests that begin together share a context; none of them waits shorter than it may, or more than a 64th longer.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 640 * time.Millisecond
		var p patience
		first := p.until(time.Now(), wait)
		for range 5 {
			time.Sleep(3 * time.Millisecond)
			begun := time.Now()
			ctx := p.until(begun, wait)
			if same := ctx == first; same != (begun.Sub(first.(*shared).begun) < 10*time.Millisecond) {
				t.Errorf("after %v: the same %t", begun.Sub(first.(*shared).begun), same)
			}
			end, _ := ctx.Deadline()
			if left := end.Sub(begun); left < wait || left > wait+10*time.Millisecond {
				t.Errorf("%v are left", left)
			}
		}
		if first.Err() != nil {
			t.Error(first.Err())
		}
		time.Sleep(2 * wait)
		<-first.Done()
	})
}
