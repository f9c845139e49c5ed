package serve

import "bytes"

// crawlerMarks stand in the User-Agent of what is no visitor: search engines, link previews, site checkers and browsers
// without a window. Programs' own HTTP libraries (curl, Go, python-requests) are left out on purpose: a shop's server
// sends the events of real visitors with them.
var crawlerMarks = [][]byte{
	[]byte("bot"), []byte("crawl"), []byte("spider"), []byte("slurp"), []byte("headless"), []byte("lighthouse"),
	[]byte("facebookexternalhit"), []byte("preview"), []byte("pingdom"), []byte("uptime"), []byte("phantomjs"), []byte("mediapartners-google"),
	[]byte("archiver"), []byte("wget"), []byte("scrapy"),
}

// notCrawlers are marks' namesakes: Cubot makes telephones.
var notCrawlers = [][]byte{[]byte("cubot")}

// crawler tells whether a User-Agent is that of a crawler. scratch is reused memory for its lower case.
func crawler(agent, scratch []byte) (bool, []byte) {
	scratch = append(scratch[:0], agent...)
	for i, b := range scratch {
		if b >= 'A' && b <= 'Z' {
			scratch[i] = b + 'a' - 'A'
		}
	}
	for _, namesake := range notCrawlers {
		if i := bytes.Index(scratch, namesake); i >= 0 {
			clear(scratch[i : i+len(namesake)])
		}
	}
	for _, mark := range crawlerMarks {
		if bytes.Contains(scratch, mark) {
			return true, scratch
		}
	}
	return false, scratch
}
