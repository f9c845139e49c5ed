package models

import "errors"

// ErrUnknownFrame is the answer to a FrameQuery whose Frame names neither a frame nor a recipe.
var ErrUnknownFrame = errors.New("unknown frame")

// FrameQuery asks for one recommendation frame. Byte fields belong to the caller.
type FrameQuery struct {
	Shop     []byte
	Frame    []byte // name of a frame, or of a recipe
	Visitor  []byte
	Contact  []byte
	Products [][]byte // the product looked at, or the products of a cart
	Exclude  [][]byte // ids that must not come back
	Category []byte   // category page: for the per-category recipes
	N        int      // wanted number of items; 0 takes the frame's own
	Now      Time     // the reader's time: the wall clock, or the stream's (--clock stream)
	Brief    bool     // of the products only ID and JSON are wanted
	Explain  bool     // how the answer came about is wanted as well
	// DeadlineExceeded is asked between the steps of a frame, and true ends it with what it has; nil: never.
	DeadlineExceeded func() bool
}

// Social is the social proof of a product: distinct visitors within a window, the asking visitor and bots left out.
// A count below the floor is -1: too few to show, and too few to tell from one person.
type Social struct {
	ViewingNow int32 // viewed within the last 5 minutes
	Viewed24h  int32
	Carted24h  int32
	Bought24h  int32
}

// Evidence is the evidence for a recommended item.
type Evidence struct {
	ID    []byte  // the product of the visitor that led here; empty where the recipe needs none
	Count float32 // how often, after decay: sessions, orders or visitors, as the recipe says
	Score float32 // the recipe's own statistic: log-likelihood ratio, cosine, rate
}

// FrameItem is one slot of an answered frame.
type FrameItem struct {
	Item     uint32
	Score    float32 // 0..1 within the step that found it
	Recipe   string  // the recipe that filled the slot
	Step     int     // which step of the chain that was, from 0
	Evidence Evidence
	Product  Product
	Social   Social
}

// Frame is an answered FrameQuery; reused by the caller, so that answering allocates nothing.
type Frame struct {
	Name      string
	Items     []FrameItem
	Truncated bool // it was late: some steps were left out

	Settings int    // version of the shop's own definition, 0 where it has none
	Relaxed  int    // limits of it that could not be kept, the last ones
	Reason   string // why it has no items, where the definition says so: too_few, no_page_product
}
