package serve

import (
	"context"
	"errors"
	"io"
	"time"

	"orrery/models"
)

// Recommender answers frames.
type Recommender interface {
	// Frame answers q into a frame that the caller reuses. An unknown name is models.ErrUnknownFrame. What into holds is
	// valid until the next call with the same frame; q is not kept.
	Frame(q *models.FrameQuery, into *models.Frame) error
	// Frames returns the names that Frame knows.
	Frames() []string
	// Permit returns those items, found for nobody in particular, that the frame of q may show to whoever asks, in place; false where there is
	// no such frame.
	Permit(q *models.FrameQuery, items []models.FrameItem) ([]models.FrameItem, bool)
}

// SocialProof counts what others do with a product. The second result is false for a product that no event and no
// catalogue has named.
type SocialProof interface {
	Social(shop, product, visitor []byte, now models.Time) (models.Social, bool)
}

// Profiles tells what is known of a person. The second result is false for a person never seen.
type Profiles interface {
	Contact(shop, contact []byte, now models.Time) (models.Profile, bool)
	Visitor(shop, visitor []byte, now models.Time) (models.Profile, bool)
}

// People is what concerns a person's rights.
type People interface {
	// ErasureOf appends the name by which an erasure names an id: see models.AppendSealedID.
	ErasureOf(dst, id []byte) []byte
	// ContactData returns all that is known of a contact, and false for one never named.
	ContactData(shop, contact []byte, now models.Time) (models.ContactData, bool)
}

// Customers tells who the customers of a shop are, by what they bought. The results are false for a shop in which no known
// contact has bought.
type Customers interface {
	RFM(shop []byte, now models.Time) (models.RFM, bool)
	CustomerModels(shop []byte) (models.CustomerModels, bool)
}

// Fits tells how the learning of a shop's customer models stands. Any goroutine may call it.
type Fits interface {
	FitOf(shop []byte) models.FitState
}

// RecentVisitors names persons who are on a shop's site now; the dashboard offers them.
type RecentVisitors interface {
	RecentVisitors(shop []byte, n int) []string
}

// Quality measures how well frames do, on a sample of the clicks, before learning from them.
type Quality interface {
	Quality(now models.Time) []models.FrameQuality // of all shops together
	ShopQuality(shop []byte, now models.Time) []models.FrameQuality
}

// Catalogue tells one product; the demo's product pages show it.
type Catalogue interface {
	Product(shop, product []byte) (models.Product, bool)
}

// Products tells what is known of a product and why frames do not show it, and false for one that nothing has named.
type Products interface {
	ProductState(shop, product []byte) (models.ProductState, bool)
}

// Statistics counts what the engine has taken, of all shops together and of one. They are called about once a second.
type Statistics interface {
	Stats() models.Stats
	ShopStats(shop []byte) models.Stats
}

// Log takes records. Append returns when all of them are durable; records and the bytes they point to are the caller's
// again as soon as it has returned, in error too. A full log is models.ErrFull, one that does not answer models.ErrStalled.
type Log interface {
	Append(ctx context.Context, records []models.Record) error
}

// Stream tells how far the engine has come along the log.
type Stream interface {
	Status() StreamStatus
}

// StreamStatus is how far the engine has come.
type StreamStatus struct {
	Ready       bool                           // caught up with the log since the start
	Lag         int64                          // records in the log that the models have not seen, all partitions together
	Held        int64                          // of them, what open transactions of other producers hold back
	Delay       time.Duration                  // age of the oldest of them; 0 without lag
	Records     uint64                         // read from the log
	Duplicates  uint64                         // events dropped because their id had been seen
	DeadLetters map[string]uint64              // records that could not be understood, by code
	Warnings    map[models.WarningCount]uint64 // fields that were not taken as they are
	Partitions  []PartitionStatus
	SnapshotAge time.Duration // since the last durable snapshot; negative where there is none
	Err         error         // what stands in the way of reading the log, nil while nothing does
}

// PartitionStatus is the position within one partition.
type PartitionStatus struct {
	Topic     string
	Partition int32
	Position  int64 // offset of the next record to apply
	End       int64 // offset after the last record of the log
}

// Clock tells the reader's time: the wall clock, or the stream's own in replays of old data.
type Clock func() models.Time

// Room tells whether there is memory for more. While there is none, the public key's events are taken of names that are known
// only: anybody can make up others, and frames and the shop's own servers need what is left. Any goroutine may call it.
type Room interface {
	// Full is asked with every request: it reads what is known and measures nothing.
	Full() bool
	// Knows tells whether an event of a shop adds no visitor, contact or product.
	Knows(shop []byte, e *models.Event) bool
}

// Deps is what a server answers from. What is required stands first.
type Deps struct {
	Recommender Recommender
	Social      SocialProof
	Profiles    Profiles
	People      People
	Customers   Customers
	Products    Products
	Statistics  Statistics
	Log         Log
	Stream      Stream
	Clock       Clock

	// Room may be nil: there is always room then.
	Room Room
	// Recent may be nil: the dashboard offers no visitors then. So may Quality, without which no figures are told, and
	// Catalogue, without which product pages of the demo show the id alone.
	Recent    RecentVisitors
	Quality   Quality
	Catalogue Catalogue
	// Fits may be nil: how the learning of customer models stands is not told then.
	Fits Fits
	// Sources read what other platforms send, by name; nil: none does.
	Sources map[string]Source
	// Settings is what the shops have set; nil: nothing can be.
	Settings Settings
	// Explainer tells how frames come about; nil: nobody does.
	Explainer Explainer
	// Feeds takes product feeds; nil: the server takes none.
	Feeds Feeds
	// Contacts takes imports of contacts; nil: the server takes none.
	Contacts Contacts
	// Exports writes tables; nil: the server exports nothing.
	Exports Exports
	// Checks are conditions beside the server's own, told by /readyz?verbose, metrics and dashboard.
	Checks []Check
	// Metrics are written to /metrics after the server's own, in Prometheus' text format.
	Metrics []func(io.Writer)
}

func (d *Deps) validate() error {
	var errs []error
	need := func(there bool, name string) {
		if !there {
			errs = append(errs, errors.New("no "+name))
		}
	}
	need(d.Recommender != nil, "Recommender")
	need(d.Social != nil, "Social")
	need(d.Profiles != nil, "Profiles")
	need(d.People != nil, "People")
	need(d.Customers != nil, "Customers")
	need(d.Products != nil, "Products")
	need(d.Statistics != nil, "Statistics")
	need(d.Log != nil, "Log")
	need(d.Stream != nil, "Stream")
	need(d.Clock != nil, "Clock")
	return errors.Join(errs...)
}
