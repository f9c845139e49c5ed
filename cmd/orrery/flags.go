package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/churn/rfm"
	"orrery/engine"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/serve"
	"orrery/stream"
)

// topicFlags say how topics are laid out when they are created.
type topicFlags struct {
	Partitions  int           `name:"kafka.partitions" default:"4" help:"Partitions of pageviews, transactions and contacts, where they do not exist yet. All three have the same number, so that everything about a visitor lies in one partition."`
	Replication int           `name:"kafka.replication" default:"0" help:"Copies of each partition; 0 takes the broker's default."`
	Retention   time.Duration `name:"kafka.retention" default:"168h" help:"How long the log keeps events. Snapshots make older ones unnecessary, a rebuild from the log does not."`
}

func (f *topicFlags) topics() stream.Topics {
	return stream.Topics{Partitions: f.Partitions, Replication: f.Replication, Retention: f.Retention}
}

// nodeFlags are the settings of a running engine: serve and demo.
type nodeFlags struct {
	Cluster clusterFlags `embed:""`
	Topics  topicFlags   `embed:""`

	Group string `name:"kafka.group" default:"orrery" help:"Consumer group that positions are committed under, for Kafka's own tools. Instances read everything, whatever it is: those with another --kafka.prefix want another name."`

	DataDir    string   `name:"data-dir" default:"data" type:"path" help:"Folder of the snapshots, and of the embedded broker's log."`
	Listen     string   `name:"http.listen" default:"127.0.0.1:8080" help:"Address of the HTTP server. Without keys it has to be a loopback address."`
	Admin      string   `name:"admin.listen" default:"127.0.0.1:8081" help:"Address of metrics and profiles; - turns it off."`
	AdminHosts []string `name:"admin.hosts" placeholder:"NAME" help:"Names that the admin listener answers to, beside those of loopback and of its address; * is any. /healthz, /readyz and /metrics answer under any."`
	AdminToken string   `name:"admin.token" help:"Opens the profiles of the admin listener (/debug/pprof), which are off without it: Authorization: Bearer TOKEN. Better set by ORRERY_ADMIN_TOKEN than here."`
	Kafka      string   `name:"kafka.listen" default:"127.0.0.1:9092" help:"Address of the embedded broker; other Kafka clients can use it."`
	Unsynced   bool     `name:"kafka.unsynced" help:"The embedded broker does not wait for the disk: much faster, and what was acknowledged within the last moments is lost when the machine (not the process) dies."`

	Quota byteSize `name:"kafka.quota" default:"0" placeholder:"SIZE" help:"Disk that the embedded broker's log may take, like 20GiB; 0: half of the disk. Near it the oldest records go that a snapshot holds, whatever kafka.retention says; where that is not enough, events are refused (503, quota)."`

	SnapshotEvery time.Duration `name:"snapshot.every" default:"30s" help:"How often the state is saved. A restart reads the newest snapshot and then the log behind it."`
	Rebuild       bool          `name:"snapshot.rebuild" help:"Ignore all snapshots and fold the log anew from its start. Refused where the log has lost its beginning and snapshots are there, unless --snapshot.accept-gap is given as well."`
	AcceptGap     bool          `name:"snapshot.accept-gap" help:"Go on where the log begins when records between the snapshot and the log are gone, instead of failing; what was in the gap is lost for the state."`
	Clock         string        `name:"clock" enum:"wall,stream" default:"wall" help:"What 'now' means to whoever reads: the wall clock, or stream, the newest event's time (for replays of old data)."`

	HashSeed      uint64        `name:"hash.seed" placeholder:"NUMBER" help:"What the tables of names of a new log are keyed by, so that nobody can make up names that fall together: for tests. Without it a random number, kept in the log; a log that is there keeps its own."`
	HistoryItems  int           `name:"history.items" default:"128" help:"Viewed products remembered per visitor, and so the widest session that is paired; 4 to 1,024, rounded up to a power of two."`
	Window        time.Duration `name:"history.window" default:"720h" help:"How long before an order a view counts for 'bought after viewing'."`
	Bound         int           `name:"neighbours.bound" default:"128" help:"Neighbours kept per product and relation, 8 bytes each; 8 to 4,096, rounded up to a power of two."`
	HalfLife      time.Duration `name:"decay.half-life" default:"1440h" help:"Age at which a session or an order counts half in neighbour lists."`
	NoDecay       bool          `name:"decay.off" help:"Counts never fade: for exact comparisons."`
	Floor         int           `name:"social.floor" default:"2" help:"Social-proof counts below this are not told."`
	BotPace       int           `name:"bots.pace" default:"90" help:"What comes after so many pages and products within one clock minute is a machine's, until a minute is quiet; 1 to 250."`
	AllowHeadless bool          `name:"bots.allow-headless" help:"Take browsers without a window, which tests are run in, for visitors: for development."`

	MaxShops int `name:"shops.max" default:"1000" help:"Shops that there may be, 1 to 1,048,576. Events of one more become dead letters; those that are there stay."`

	MaxVisitors int `name:"visitors.max" default:"0" help:"Visitors that may be remembered, of all shops, of whom only the public key has spoken: without order, login or a word of the shop's servers. The oldest make room. 0: as many as fit into a quarter of the memory."`

	Forget time.Duration `name:"visitors.forget" default:"2160h" help:"How long after their last event visitors are forgotten who have no order, no login and nothing in the cart; what they were counted in stays. 0: never."`

	MaxProducts int `name:"products.max" default:"0" help:"Products, and as many categories and brands, of all shops, that only the public key has named: no feed, no order, no word of the shop's servers. New ones are refused then, of the shop that has most. 0: as many as fit into a quarter of the memory."`

	Unlisted string `name:"catalogue.unlisted" enum:"until-full,hide,show" default:"until-full" help:"What becomes of products that events name and no feed has: shown until-full, that is until the shop has sent a full feed (mode=full, or by URL); hide them as soon as one product is in the catalogue; or show them always."`

	Refit time.Duration `name:"churn.refit" default:"10m" help:"How often models of customers are learned anew at the latest where somebody has bought; they are as soon as orders have grown by a twentieth, and every day."`

	Recency   []uint16  `name:"rfm.recency" placeholder:"DAYS,..." help:"Four ascending edges of recency, in days since the last purchase: up to the first is score 5, above the last score 1. Without, quintiles of the shop's customers; rfm.frequency and rfm.monetary likewise."`
	Frequency []uint32  `name:"rfm.frequency" placeholder:"ORDERS,..." help:"Four ascending edges of frequency: from the first on is score 2, from the last on score 5."`
	Monetary  []float64 `name:"rfm.monetary" placeholder:"AMOUNT,..." help:"Four ascending edges of money spent, likewise."`

	PageOrders bool `name:"trust.page-orders" help:"What the public key says was bought counts as an order, of a shop whose server never tells: at most 10 of a visitor and day and 10 million each. Anybody can make orders up then, and take the place of one whose id they guess."`

	Door   doorFlags   `embed:""`
	Source sourceFlags `embed:""`
	Feeds  feedFlags   `embed:""`

	History historyFlags `embed:""`

	Map string `name:"kafka.map" placeholder:"FILE" help:"TOML file of topics that others write, to be read as well: tables [[topic]] with name and either platform (and about: orders/create), as for /v1/in/{platform}, or [topic.map] field = \"path.of.member\" or \"=text\", items = \"path\", deleted = \"cancel\"; envelopes of Debezium are taken off."`

	WriteKey  string        `name:"http.write-key" help:"Public key of the shop's pages: events, frames and social proof."`
	SecretKey string        `name:"http.secret-key" help:"Secret key of the shop's servers: everything."`
	Operator  string        `name:"http.operator-key" help:"Key of whoever runs the server: all shops, /metrics and the figures of the machine. The secret key sees its own shop only."`
	Keys      string        `name:"http.keys" placeholder:"FILE" help:"TOML file of keys, mode 0600, beside the two above or in their place: several shops, several keys a shop, one replacing another (orrery keys new makes one). env:NAME reads that environment variable instead."`
	Shop      string        `name:"http.shop" help:"The shop that the keys speak for: events of others are refused. Without it the shop is default."`
	Proof     string        `name:"http.contact-secret" help:"Has requests with the public key prove each contact that they name, by contact_hmac: its HMAC-SHA-256 under this secret, in hexadecimal."`
	Origins   []string      `name:"http.origins" placeholder:"URL" help:"Web origins whose pages may use the public endpoints; * is any. Without keys pages of the server's own host may, on any port."`
	Hosts     []string      `name:"http.hosts" placeholder:"NAME" help:"Names that the HTTP server answers to, beside those of loopback and of its address: those that pages and servers call it by. *.example is whatever ends so, * is any."`
	Params    []string      `name:"http.page-params" placeholder:"NAME" help:"Parameters of page addresses that are stored with events; others, in which tokens stand, are cut off. utm_* is whatever begins so, * keeps all. Without: ${params}."`
	MaxFrames int           `name:"http.frames" help:"Frames worked on at once; 0: four a core."`
	MaxQueue  int           `name:"http.queue" help:"Requests that may wait for one of them to end; 0: sixteen a core. Others get a frame for nobody in particular, marked degraded, or 503."`
	Budget    time.Duration `name:"http.budget" default:"50ms" help:"How long a frame may take, and wait: then what it has is answered, marked degraded."`
	IngestLag int64         `name:"ingest.max-lag" default:"500000" help:"Events taken over HTTP that the models may be behind; past it more are refused with 429 until they have caught up. What the log held at the start and what others write to Kafka does not count; 0: no bound."`
	MaxLag    int64         `name:"http.max-lag" default:"5000000" help:"Records behind the log's end from which /readyz says 503, so that a balancer asks other instances; 0: no bound."`
	Drain     time.Duration `name:"http.drain" default:"0s" help:"How long a stopping server goes on answering after /readyz has turned to 503: as long as a load balancer takes to notice."`
	Open      bool          `name:"http.open" help:"Listen on any address without keys: for a container whose port is not published."`
}

// validate reports everything that is wrong with the settings at once.
func (f *nodeFlags) validate() error {
	var errs []error
	check := func(ok bool, name, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", name, what))
		}
	}
	check(f.SnapshotEvery > 0, "snapshot.every", "must be positive")
	check(f.HistoryItems >= 4 && f.HistoryItems <= 1024, "history.items", "must lie between 4 and 1,024")
	check(f.Window > 0, "history.window", "must be positive")
	check(f.Bound >= 8 && f.Bound <= 4096, "neighbours.bound", "must lie between 8 and 4,096")
	check(f.HalfLife > 0, "decay.half-life", "must be positive; --decay.off switches decay off")
	check(f.MaxFrames >= 0, "http.frames", "must not be negative")
	check(f.MaxQueue >= 0, "http.queue", "must not be negative")
	f.Door.validate(check)
	if _, err := f.Feeds.sources(f.Shop); err != nil {
		errs = append(errs, err)
	}
	check(f.Budget > 0, "http.budget", "must be positive")
	check(f.MaxLag >= 0, "http.max-lag", "must not be negative")
	check(f.IngestLag >= 0, "ingest.max-lag", "must not be negative")
	check(f.Drain >= 0, "http.drain", "must not be negative")
	check(f.Floor > 0, "social.floor", "must be positive")
	check(f.BotPace > 0 && f.BotPace <= 250, "bots.pace", "must lie between 1 and 250")
	check(f.MaxShops > 0 && f.MaxShops <= 1<<20, "shops.max", "must lie between 1 and 1,048,576")
	check(f.MaxVisitors >= 0, "visitors.max", "must not be negative")
	check(f.Forget == 0 || f.Forget >= 24*time.Hour, "visitors.forget", "must be 0, or 24h at least")
	check(f.MaxProducts >= 0, "products.max", "must not be negative")
	check(f.Refit > 0, "churn.refit", "must be positive")
	check(edges(f.Recency), "rfm.recency", "must be four ascending numbers")
	check(edges(f.Frequency), "rfm.frequency", "must be four ascending numbers")
	check(edges(f.Monetary), "rfm.monetary", "must be four ascending numbers")
	check(f.Group != "", "kafka.group", "must not be empty")
	_, err := f.Cluster.security().Options()
	check(err == nil, "kafka.tls, kafka.sasl", fmt.Sprint(err))
	secured := f.Cluster.TLS || f.Cluster.CA != "" || f.Cluster.Cert != "" || f.Cluster.SASL != ""
	check(!secured || len(f.Cluster.Brokers) > 0, "kafka.tls, kafka.sasl", "need --kafka.brokers: the embedded broker knows neither")
	check(f.Topics.Partitions > 0, "kafka.partitions", "must be positive")
	check(f.Quota == 0 || f.Quota >= leastQuota, "kafka.quota", "must be at least 64MiB: each partition keeps its newest segment of 8 MiB")
	check(f.Topics.Replication >= 0, "kafka.replication", "must not be negative")
	check(f.Topics.Retention > 0, "kafka.retention", "must be positive")
	check(f.DataDir != "", "data-dir", "must not be empty")
	check((f.WriteKey == "") == (f.SecretKey == ""), "http.write-key", "write key and secret key are set together or not at all")
	check(f.WriteKey == "" || f.WriteKey != f.SecretKey, "http.write-key", "must differ from the secret key: it stands in the shop's pages")
	check(f.WriteKey == "" || len(f.WriteKey) >= minKey, "http.write-key", weakKey)
	check(f.SecretKey == "" || len(f.SecretKey) >= minKey, "http.secret-key", weakKey)
	check(f.Operator == "" || len(f.Operator) >= minKey, "http.operator-key", weakKey)
	check(f.Operator == "" || f.Operator != f.SecretKey && f.Operator != f.WriteKey, "http.operator-key", "must differ from the shop's keys: it sees all shops")
	if _, err := f.keys(); err != nil {
		errs = append(errs, err)
	}
	if _, err := f.translators(); err != nil {
		errs = append(errs, err)
	}
	if _, err := f.Source.webhooks(f.Shop); err != nil {
		errs = append(errs, err)
	}
	check(f.Shop == "" || f.WriteKey != "", "http.shop", "needs keys: without them every request is allowed")
	check(len(f.Shop) <= models.MaxShop, "http.shop", "must not be longer than "+strconv.Itoa(models.MaxShop)+" bytes")
	check(f.Proof == "" || f.WriteKey != "", "http.contact-secret", "needs keys: without them every request is allowed")
	for _, o := range f.Origins {
		check(o == "*" || webOrigin(o), "http.origins", strconv.Quote(o)+" is not * or like https://shop.example")
	}
	for name, list := range map[string][]string{"http.hosts": f.Hosts, "admin.hosts": f.AdminHosts} {
		for _, h := range list {
			check(hostName(h), name, strconv.Quote(h)+" is not * or a name like shop.example, without port")
		}
	}
	check(f.AdminToken == "" || len(f.AdminToken) >= minKey, "admin.token", weakKey)
	return errors.Join(errs...)
}

// minKey is the length of the shortest key: 16 characters of base64 are 96 bits, and what is shorter is a word.
const minKey = 16

// weakKey is what to do about a shorter one.
const weakKey = "must have at least 16 characters; make one with: openssl rand -hex 16"

// hostName tells whether a text can be what a Host header names.
func hostName(text string) bool {
	rest, _ := strings.CutPrefix(text, "*")
	if rest == "" {
		return text == "*"
	}
	if rest != text && rest[0] != '.' {
		return false
	}
	_, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return err == nil || !strings.ContainsAny(rest, "*/: \t[]@")
}

// webOrigin tells whether a text is a web origin as browsers write it: scheme and host, nothing behind.
func webOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && text == u.Scheme+"://"+strings.ToLower(u.Host) && u.Host != ""
}

// keys returns the keys of the HTTP server, none for development mode: those of the flags, then those of the file.
func (f *nodeFlags) keys() (keys []serve.Key, err error) {
	if f.WriteKey != "" {
		keys = append(keys, serve.Key{Name: "http.write-key", Shop: f.Shop, Write: f.WriteKey, ContactSecret: f.Proof},
			serve.Key{Name: "http.secret-key", Shop: f.Shop, Secret: f.SecretKey})
	}
	if f.Operator != "" {
		keys = append(keys, serve.Key{Name: "http.operator-key", Operator: f.Operator})
	}
	if f.Keys == "" {
		return keys, nil
	}
	list, err := readKeys(f.Keys)
	for i := range list {
		keys = append(keys, list[i].serve())
	}
	return keys, err
}

// edges tells whether a list is none, or the edges between five scores.
func edges[T cmp.Ordered](list []T) bool {
	return len(list) == 0 || len(list) == rfm.Levels-1 && slices.IsSorted(list)
}

// rules returns how customers are scored.
func (f *nodeFlags) rules() (r rfm.Rules) {
	if len(f.Recency) > 0 {
		r.Recency = (*[rfm.Levels - 1]uint16)(f.Recency)
	}
	if len(f.Frequency) > 0 {
		r.Frequency = (*[rfm.Levels - 1]uint32)(f.Frequency)
	}
	if len(f.Monetary) > 0 {
		r.Monetary = new([rfm.Levels - 1]models.Money)
		for i, m := range f.Monetary {
			r.Monetary[i] = models.MoneyOf(m)
		}
	}
	return r
}

// engine returns the engine's settings for a process that may use so much memory.
func (f *nodeFlags) engine(memory int64) engine.Config {
	most := f.MaxVisitors
	if most == 0 {
		most = strangers(memory)
	}
	products := f.MaxProducts
	if products == 0 {
		products = invented(memory)
	}
	return engine.Config{
		People: people.Config{
			History: f.HistoryItems, Window: models.Time(f.Window.Milliseconds()), BotPace: f.BotPace,
		},
		Neighbours: f.Bound,
		HalfLife:   models.Time(f.HalfLife.Milliseconds()),
		NoDecay:    f.NoDecay,
		Floor:      f.Floor,
		PageOrders: f.PageOrders, Unlisted: catalogue.Unlisted(slices.Index(catalogue.UnlistedWords[:], f.Unlisted)),
		RFM:      f.rules(),
		MaxShops: f.MaxShops,

		MaxStrangers: most, MaxInvented: products, Forget: models.Time(f.Forget.Milliseconds()),
	}
}

// fingerprint names the settings that shape what is kept: counts that were kept under others are converted (see converted).
// Others work from now on and are no part of it: bounds of lists, ages, edges.
func (f *nodeFlags) fingerprint() string {
	return fmt.Sprintf("half-life %s, decay off %t", f.HalfLife, f.NoDecay)
}

// fading returns the half-life that a fingerprint names, 0 for none.
func fading(fingerprint string) (halfLife time.Duration, err error) {
	off := false
	for part := range strings.SplitSeq(fingerprint, ", ") {
		if text, ok := strings.CutPrefix(part, "half-life "); ok {
			halfLife, err = time.ParseDuration(text)
		}
		if text, ok := strings.CutPrefix(part, "decay off "); ok {
			off = text == "true"
		}
	}
	if err != nil || halfLife <= 0 {
		return 0, fmt.Errorf("cannot tell the half-life that a snapshot was written with from %q", fingerprint)
	}
	if off {
		return 0, nil
	}
	return halfLife, nil
}

func (f *nodeFlags) brokerDir() string   { return filepath.Join(f.DataDir, "broker") }
func (f *nodeFlags) snapshotDir() string { return filepath.Join(f.DataDir, "snapshots") }
