package server_test

import "sync"

// parallel runs n calls at once and counts what they give.
func parallel(n int, call func(i int) int) map[int]int {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		start = make(chan struct{})
		count = map[int]int{}
	)
	for i := range n {
		wg.Go(func() {
			<-start
			v := call(i)
			mu.Lock()
			defer mu.Unlock()
			count[v]++
		})
	}
	close(start)
	wg.Wait()
	return count
}
