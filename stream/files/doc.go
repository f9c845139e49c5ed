// Package files turns files of shop events into the stream's events: delimited text, JSON lines and basket lists, plain
// or gzip, read once from front to back with bounded memory.
//
// A column map says which column fills which field of an event (see Config.Map); rows that belong together become one
// event with several items (Config.Group). Presets are such maps for public data sets, with the few rules that a map
// cannot say. Events leave in the order of the file (or of time, with Config.Sort), flat out or with the original spacing
// times a speed factor.
//
// Nothing is dropped in silence. A row that cannot be understood is reported with file and line and counted. A row that
// can be understood but makes no valid event (a negative price, a negative quantity) is sent as it is: the engine's dead
// letters are where such records are explained and kept.
//
// An event's id is a hash of its first row and that row's line number, so a second run over the same file sends
// duplicates, which the engine drops, and never a second event.
package files
