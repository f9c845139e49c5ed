package serve

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/x-way/crawlerdetect"
)

// sort of agent is what a User-Agent says of its sender.
type agent uint8

const (
	person   agent = iota // a browser, an app, or a shop's own server
	robot                 // a crawler, a link preview, a site check
	headless              // a browser without a window: a crawler, or somebody's test
)

// servers are how programs' own HTTP libraries name themselves. The list of crawlers counts them in; here they are left out,
// because a shop's server sends the events of real visitors with them.
var servers = []string{
	"curl/", "go-http-client/", "python-requests/", "python-urllib/", "python/", "python-httpx/", "aiohttp/", "node-fetch", "axios/", "undici", "node",
	"got ", "got/", "okhttp/", "java/", "java-http-client/", "apache-httpclient/", "apache-httpasyncclient/", "guzzlehttp/", "php/", "symfony", "ruby",
	"faraday", "rest-client/", "dart/", "dalvik/", "postmanruntime/", "insomnia/", "wordpress/", "magento", "jersey/", "libcurl", "deno/", "bun/", "reqwest/",
	"alamofire/", "fasthttp", "cfnetwork/", "ktor",
}

// headlessMarks stand in the User-Agent of a browser without a window.
var headlessMarks = []string{"headless", "phantomjs", "lighthouse", "playwright", "puppeteer", "cypress", "selenium"}

// agentOf looks a User-Agent up in the list of crawlers.
func agentOf(name string) agent {
	lower := strings.ToLower(name)
	for _, mark := range headlessMarks {
		if strings.Contains(lower, mark) {
			return headless
		}
	}
	for _, s := range servers {
		if strings.HasPrefix(lower, s) {
			return person
		}
	}
	if strings.Contains(lower, "cubot") { // telephones
		lower = strings.ReplaceAll(lower, "cubot", "")
	}
	if crawlerdetect.IsCrawler(lower) {
		return robot
	}
	return person
}

const (
	maxAgent  = 512   // bytes of a User-Agent that are looked at
	maxAgents = 4_096 // that are remembered
	// maxLooks is how many are looked up in a second, which takes a fifth of a millisecond each: whoever sends ever new ones
	// costs no more than that. Those above it are taken for persons.
	maxLooks = 100
)

// agents remembers what User-Agents say. When it is full it begins anew.
type agents struct {
	mu   sync.RWMutex
	said map[string]agent

	second int64 // of the newest look
	looks  int   // in it
}

func (a *agents) of(name []byte, now time.Time) agent {
	name = bytes.TrimSpace(name[:min(len(name), maxAgent)])
	a.mu.RLock()
	said, ok := a.said[string(name)]
	a.mu.RUnlock()
	if ok {
		return said
	}
	if !a.mayLook(now.Unix()) {
		return person
	}
	said = agentOf(string(name))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.said == nil || len(a.said) >= maxAgents {
		a.said = make(map[string]agent)
	}
	a.said[string(name)] = said
	return said
}

func (a *agents) mayLook(second int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if second != a.second {
		a.second, a.looks = second, 0
	}
	a.looks++
	return a.looks <= maxLooks
}
