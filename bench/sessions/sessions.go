// Package sessions is the next-item backtest: recommenders see the clicks of a test session up to some point and are
// asked for the next one, over all items, without sampling. It runs the code that serves: package next.
package sessions
