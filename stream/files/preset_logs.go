package files

// segmentNames are the events of Segment's e-commerce specification, of both its versions, as ours.
var segmentNames = []string{
	"event.page=page_view", "event.screen=page_view",
	"event.Products Searched=search", "event.Product List Viewed=view_item_list", "event.Product List Filtered=view_item_list",
	"event.Viewed Product Category=view_item_list", "event.Product Clicked=select_item",
	"event.Product Viewed=view_item", "event.Viewed Product=view_item",
	"event.Product Added=add_to_cart", "event.Added Product=add_to_cart", "event.Wishlist Product Added to Cart=add_to_cart",
	"event.Product Removed=remove_from_cart", "event.Removed Product=remove_from_cart", "event.Cart Viewed=view_cart",
	"event.Checkout Started=begin_checkout", "event.Checkout Step Completed=add_shipping_info", "event.Payment Info Entered=add_payment_info",
	"event.Order Completed=purchase", "event.Completed Order=purchase", "event.Order Refunded=refund", "event.Order Cancelled=cancel",
	"event.Product Added to Wishlist=add_to_wishlist", "event.Product Removed from Wishlist=remove_from_wishlist",
	"event.Promotion Viewed=view_promotion", "event.Promotion Clicked=select_promotion",
}

var segmentMap = append([]string{
	"event={event|type}", "id={messageId|message_id}", "time={timestamp|originalTimestamp|sentAt|receivedAt}",
	"visitor={anonymousId|anonymous_id}", "contact={userId|user_id}",
	"url=context.page.url?", "title=context.page.title?", "referrer=context.page.referrer?", "user_agent={context.userAgent|context.user_agent}",
	"order={properties.order_id|properties.orderId}", "currency=properties.currency?", "query=properties.query?",
	"value={properties.revenue|properties.subtotal|properties.total}",
	"item_id={properties.products[].product_id|properties.products[].id|properties.products[].sku|properties.product_id|properties.sku}",
	"item_name={properties.products[].name|properties.name}", "item_category={properties.products[].category|properties.category}",
	"item.brand={properties.products[].brand|properties.brand}", "item.variant={properties.products[].variant|properties.variant}",
	"price={properties.products[].price|properties.price}", "quantity={properties.products[].quantity|properties.quantity}",
	"props.email={traits.email|context.traits.email}", "props.coupon=properties.coupon?", "props.discount=properties.discount?",
	"props.shipping=properties.shipping?", "props.tax=properties.tax?",
	"where type not in group,alias",
}, segmentNames...)

var segment = preset{
	about:   "Segment's messages as its archives have them (JSON lines or an array; track, page, screen, identify): its e-commerce events by our names; group and alias are left out",
	config:  Config{Format: JSONL, Group: []string{rowColumn}, Together: true},
	mapping: segmentMap,
}

// jitsu writes the same messages.
var jitsu = preset{
	about:   "Jitsu's event log (JSON lines or an array): Segment's messages",
	config:  segment.config,
	mapping: segmentMap,
}

var matomo = preset{
	about:  "visits as Matomo's Live.getLastVisitsDetails gives them (JSON): each action is an event, one with a product a view of it",
	config: Config{Format: JSONL, TimeLayout: "s", Group: []string{rowColumn, "actionDetails[].#"}, Together: true},
	mapping: []string{
		"event=actionDetails[].type", "event.action=page_view", "event.search=search", "event.ecommerceOrder=purchase", "event.ecommerceAbandonedCart=view_cart",
		"view_item where actionDetails[].productViewSku is not empty", "where actionDetails[].# is not empty",
		"time=actionDetails[].timestamp", "visitor=visitorId", "contact=userId", "session=idVisit",
		"url=actionDetails[].url", "title=actionDetails[].pageTitle", "query=actionDetails[].siteSearchKeyword",
		"order=actionDetails[].orderId", "value=actionDetails[].revenue", "currency=siteCurrency",
		"item_id={actionDetails[].itemDetails[].itemSKU|actionDetails[].productViewSku}",
		"item_name={actionDetails[].itemDetails[].itemName|actionDetails[].productViewName}",
		"item_category={actionDetails[].itemDetails[].itemCategory|actionDetails[].productViewCategory1}",
		"price={actionDetails[].itemDetails[].price|actionDetails[].productViewPrice}",
		"quantity=actionDetails[].itemDetails[].quantity",
		"props.shipping=actionDetails[].revenueShipping", "props.tax=actionDetails[].revenueTax", "props.discount=actionDetails[].revenueDiscount",
	},
}

// Names of Snowplow's e-commerce entities in its warehouse tables, and what people shorten them to.
const (
	snowplowAction      = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
	snowplowProduct     = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
	snowplowTransaction = "contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1"
	snowplowRefund      = "contexts_com_snowplowanalytics_snowplow_ecommerce_refund_1"
)

var snowplow = preset{
	about:  "Snowplow's events table with its e-commerce entities as JSON (CSV, TSV or JSON lines)",
	config: Config{Group: []string{rowColumn}, Together: true},
	mapping: []string{
		"event={" + snowplowAction + ".type|unstruct_event_ecommerce_action_1.type|event_name}",
		"event.product_view=view_item", "event.list_view=view_item_list", "event.list_click=select_item", "event.transaction=purchase",
		"event.checkout_step=begin_checkout", "event.promo_view=view_promotion", "event.promo_click=select_promotion",
		"where event_name != page_ping",
		"id=event_id", "time={derived_tstamp|collector_tstamp}", "visitor={domain_userid|network_userid}", "contact=user_id?", "session=domain_sessionid?",
		"url=page_url?", "title=page_title?", "referrer=page_referrer?", "user_agent=useragent?",
		"order={" + either("transaction_id", snowplowTransaction+"[0]", "contexts_ecommerce_transaction_1[0]", snowplowRefund+"[0]") + "}",
		"value={" + either("revenue", snowplowTransaction+"[0]", "contexts_ecommerce_transaction_1[0]") + "|" + snowplowRefund + "[0].refund_amount}",
		"currency={" + either("currency", snowplowTransaction+"[0]", "contexts_ecommerce_transaction_1[0]", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"item_id={" + either("id", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"item_name={" + either("name", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"item_category={" + either("category", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"item.brand={" + either("brand", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"price={" + either("price", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
		"quantity={" + either("quantity", snowplowProduct+"[]", "contexts_ecommerce_product_1[]") + "}",
	},
}

// either names a member of several columns, that stand in for each other.
func either(name string, columns ...string) (out string) {
	for i, column := range columns {
		if i > 0 {
			out += "|"
		}
		out += column + "." + name
	}
	return out
}
