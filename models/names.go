package models

// KnownNames are the event names that are counted by themselves whoever sends them, and in metrics: those of the known
// kinds, and those that Google Analytics 4 gives to what has no kind of its own here. Lists and metrics may depend on their
// number, and snapshots hold them: one is added at the end, none is taken away.
var KnownNames = append(append([]string{"other"}, kindNames[Other+1:Logout]...),
	"view_search_results", "add_payment_info", "add_shipping_info", "view_promotion", "select_promotion", "login", "sign_up",
	"generate_lead", "share", "session_start", "first_visit", "user_engagement", "scroll", "click", "file_download",
	"form_start", "form_submit", "video_start", "video_progress", "video_complete", "logout", "erasure", "feed_taken")

var knownNames = func() map[string]bool {
	known := make(map[string]bool, len(KnownNames))
	for _, name := range KnownNames {
		known[name] = true
	}
	return known
}()

// KnownName tells whether a name is one of KnownNames.
func KnownName(name string) bool { return knownNames[name] }
