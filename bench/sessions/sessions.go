// Package sessions is the next-item backtest: a recipe sees the clicks of a test session up to some point and is asked for
// the next one, over all items, without sampling: the protocol of the SR-GNN line of papers and of session-rec, whose
// figures it can be compared with. It runs the code that serves (recommend/next) beside baselines that are counted in the
// plainest way, which owe nothing to that code.
//
// Training sessions are fed in order of time. On the newest of them (Config.Learn) the ranker learns as it does in
// production: each click is predicted, then learned from, then inserted. Then either everything stops (frozen) or each
// test session is inserted once it has been predicted (live).
package sessions
