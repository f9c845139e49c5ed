package stream

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// DefaultPrefix stands before every topic's name unless Cluster.Prefix says otherwise.
const DefaultPrefix = "orrery."

// Cluster says where Kafka is and how Orrery's topics are called there. The zero value is the embedded broker's default
// address.
type Cluster struct {
	Brokers []string     // host:port of some brokers; default 127.0.0.1:9092
	Prefix  string       // stands before every topic's name; default DefaultPrefix
	Rack    string       // where this process runs, in the brokers' words: it reads from copies there
	Options []kgo.Opt    // whatever the cluster asks of its clients: TLS, SASL (see Security)
	Log     *slog.Logger // warnings; default: none are kept
}

// Topic returns the full name of a topic.
func (c Cluster) Topic(t models.Topic) string {
	if c.Prefix == "" {
		return DefaultPrefix + string(t)
	}
	return c.Prefix + string(t)
}

func (c Cluster) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// client opens a client of the cluster. It connects at the first request.
func (c Cluster) client(opts ...kgo.Opt) (*kgo.Client, error) {
	brokers := c.Brokers
	if len(brokers) == 0 {
		brokers = []string{"127.0.0.1:9092"}
	}
	all := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ClientID("orrery"),
		kgo.WithLogger(kgoLog{c.log()}),
		kgo.DisableClientMetrics(),
		kgo.RetryBackoffFn(backoff),
		// A broker that dies in the moment in which it has accepted a connection looks to the client like one that wants
		// TLS, and by default fails what was to be sent. Found by killing the broker while a replay runs.
		kgo.AlwaysRetryEOF(),
		kgo.MetadataMinAge(250 * time.Millisecond), // default 5 s: how long a new broker's leader may stay unknown
		// Default 4, a second at this pace: a topic that another instance has just made may be news to a broker for longer.
		kgo.UnknownTopicRetries(40),
	}
	if c.Rack != "" {
		all = append(all, kgo.Rack(c.Rack))
	}
	client, err := kgo.NewClient(append(append(all, c.Options...), opts...)...)
	if err != nil {
		return nil, fmt.Errorf("cannot make a Kafka client for %q: %w", brokers, err)
	}
	return client, nil
}
