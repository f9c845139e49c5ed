// Package stream brings events in and out of Kafka and folds them into a Machine, so that no event is lost or counted
// twice, whatever dies and whenever.
//
//	broker -> fetch -> merge by record time -> decode, validate -> batches -> dedupe -> Machine -> snapshot
//	                                              \-> dead letters
//
// One goroutine polls, merges and decodes, one applies, one writes snapshots. Everything between them is bounded, and
// the first full queue stops the one before it.
//
// The contract: state = fold(Apply, records of each partition up to next). A snapshot holds the state and, per
// partition, next, in one file, so they cannot disagree; at a start the snapshot's position wins over what the broker
// was told. The dedupe sets and the counters are part of that state. Offsets are committed to the broker only after the
// snapshot that covers them is durable, and only for people to see the lag: committed <= snapshotted <= applied.
// (Kafka Streams and Flink keep the same invariant; here it needs no transactions, because nothing leaves the process
// but dead letters, and their readers drop repeats by source position.)
//
// Records of one partition are applied in their order. Between partitions they are taken by record time as far as a
// bounded memory allows; a Machine's totals must not depend on that.
package stream
