package source

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"orrery/stream/source/foreign"
)

const deploy = "../../deploy/"

// What the module of PrestaShop registers for is what the adapter reads, and each hook has its method; its parentheses close.
func TestPrestaShopModule(t *testing.T) {
	text, err := os.ReadFile(deploy + "prestashop/orrery/orrery.php")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "const HOOKS = [")
	list, _, _ = strings.Cut(list, "];")
	hooks := regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(list, -1)
	if len(hooks) < 8 {
		t.Fatalf("%d hooks in %q", len(hooks), list)
	}
	for _, h := range hooks {
		if !strings.Contains(string(text), "function hook"+strings.ToUpper(h[1][:1])+h[1][1:]+"(") {
			t.Errorf("%s has no method", h[1])
		}
		if h[1] == "displayHeader" {
			continue
		}
		events, err := Read("prestashop", foreign.Message{Body: []byte(`{"hook":"` + h[1] + `","order":{"id":1},"orderSlip":{"id":1,"amount":"1"},"cart":{"id":1},"customer":{"id":1,"email":"a@x.example"},"id_product":1,"quantity":1}`)})
		if err != nil {
			t.Errorf("%s: %v", h[1], err)
			continue
		}
		for why := range events.Skipped() {
			if strings.HasPrefix(why, "hook ") {
				t.Errorf("%s is not read", h[1])
			}
		}
	}
	for _, pair := range []string{"()", "[]", "{}"} {
		if open, end := strings.Count(string(text), pair[:1]), strings.Count(string(text), pair[1:]); open != end {
			t.Errorf("%d %q and %d %q", open, pair[:1], end, pair[1:])
		}
	}
}

// The template for IdoSell, filled in, is a body that the adapter reads.
func TestIdoSellTemplate(t *testing.T) {
	text, err := os.ReadFile(deploy + "idosell/order.template")
	if err != nil {
		t.Fatal(err)
	}
	body := string(text)
	before, rest, _ := strings.Cut(body, "{{#productsResults}}")
	row, after, _ := strings.Cut(rest, "{{/productsResults}}")
	body = before + strings.Replace(row, "{{,}}", ",", 1) + strings.Replace(row, "{{,}}", "", 1) + after
	values := map[string]string{"orderId": "shop-1", "orderStatus": "new", "orderAddDate": "2026-07-21 10:15:30", "orderChangeDate": "2026-07-21 11:15:30", "clientEmail": "jan@example.pl",
		"orderCurrency": "PLN", "productId": "7", "productName": "Kubek", "productQuantity": "2", "productOrderPriceNet": "10.00"}
	body = regexp.MustCompile(`\{\{(\w+)\}\}`).ReplaceAllStringFunc(body, func(tag string) string { return values[strings.Trim(tag, "{}")] })
	got := string(told(t, "idosell", "", []byte(body)))
	for _, want := range []string{`"order":"shop-1"`, `"value":"40.00"`, `"revised_at":"2026-07-21T09:15:30Z"`, `"contact":"jan@example.pl"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
