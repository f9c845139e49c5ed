"""Counts a preset's files by pandas alone, for stream/files' presets to be compared with.

usage: count.py FOLDER; prints a line of JSON for each file: what is in it by the meaning that its publisher gives its columns.
"""
import json
import sys
from decimal import Decimal

import pandas as pd

folder = sys.argv[1]


def table(name, **kw):
    return pd.read_csv(f"{folder}/{name}", dtype=str, keep_default_na=False, **kw)


def money(values):
    return sum((Decimal(v) for v in values), Decimal(0))


def told(preset, file, **counts):
    print(json.dumps({"preset": preset, "file": file, **{k: str(v.normalize() + 0) if isinstance(v, Decimal) else v for k, v in counts.items()}}))


e = table("retailrocket/events.csv")
carts, bought = e[e.event == "addtocart"], e[e.event == "transaction"]
told("retailrocket", "retailrocket/events.csv", rows=len(e), views=int((e.event == "view").sum()), carts=len(carts), orders=bought.transactionid.nunique(),
     lines=len(bought), persons=e.visitorid.nunique(), buyers=bought.visitorid.nunique(), purchased=Decimal(0), refunded=Decimal(0))

o, i = table("olist/olist_orders_dataset.csv"), table("olist/olist_order_items_dataset.csv")
c = table("olist/olist_customers_dataset.csv")
off = o.order_status.isin(["canceled", "unavailable"])
sold = o[~off].merge(i, on="order_id", how="left").merge(c, on="customer_id", how="left")
told("olist", "olist/olist_orders_dataset.csv", rows=len(o), orders=sold.order_id.nunique(), cancels=int(off.sum()), lines=int(sold.product_id.notna().sum()),
     buyers=sold.customer_unique_id.nunique(), purchased=money(sold.price.dropna()), refunded=Decimal(0))

o, i = table("instacart/orders.csv"), table("instacart/order_products__prior.csv")
b = i.merge(o, on="order_id", how="left")
first = o[o.order_number == "1"].set_index("user_id")
days = pd.to_numeric(o.days_since_prior_order.replace("", "0")).groupby(o.user_id).cumsum() + o.user_id.map(first.order_dow.astype(int))
at = pd.Timestamp("2016-01-02") + pd.to_timedelta(days, unit="D") + pd.to_timedelta(o.order_hour_of_day.astype(int), unit="h")
at = at[o.order_id.isin(i.order_id)]
told("instacart", "instacart/order_products__prior.csv", rows=len(i), orders=b.order_id.nunique(), lines=len(b), buyers=b.user_id.nunique(),
     first=at.min().isoformat() + "Z", last=at.max().isoformat() + "Z", purchased=Decimal(0), refunded=Decimal(0))

t = table("hm/transactions_train.csv")
told("hm-transactions", "hm/transactions_train.csv", rows=len(t), orders=len(t.groupby(["t_dat", "customer_id", "sales_channel_id"])), lines=len(t),
     buyers=t.customer_id.nunique(), purchased=money(f"{Decimal(p):.6f}" for p in t.price), refunded=Decimal(0))

w = table("woocommerce/items.csv")
off, unpaid = w.status == "cancelled", w.status == "pending"
sold = w[~off & ~unpaid]
heads = sold.drop_duplicates("order_id")
worth = sold.assign(v=sold.item_total.map(Decimal)).groupby("order_id").v.sum()
back = sum(worth[h.order_id] if h.status == "refunded" else min(Decimal(h.refunded_total), worth[h.order_id]) for h in heads.itertuples())
told("woocommerce", "woocommerce/items.csv", rows=len(w), orders=len(heads), cancels=int(w[off].order_id.nunique()), lines=len(sold),
     buyers=sold.billing_email.str.lower().nunique(), purchased=money(sold.item_total), refunded=back)

a = table("woocommerce/advanced.csv", sep=";")
german = lambda v: Decimal(v.replace(".", "").replace(",", "."))
sold = a[a["Order Status"] != "Failed"]
sold = sold.assign(v=[german(p) * int(q) for p, q in zip(sold["Item Cost"], sold["Quantity (- Refund)"])])
heads = sold.drop_duplicates("Order Number")
told("woocommerce", "woocommerce/advanced.csv", rows=len(a), orders=len(heads), cancels=int(a[a["Order Status"] == "Failed"]["Order Number"].nunique()), lines=len(sold),
     buyers=sold["Email (Billing)"].nunique(), purchased=sum(sold.v), refunded=sum(map(german, heads["Order Refund Amount"])))

with open(f"{folder}/woocommerce/rest.json") as f:
    w = pd.json_normalize(json.load(f))
sold = w[w.status.isin(["processing", "on-hold", "completed", "refunded"])]
worth = [Decimal(t) - Decimal(x) - Decimal(s) for t, x, s in zip(sold.total, sold.total_tax, sold.shipping_total)]
told("woocommerce", "woocommerce/rest.json", rows=len(w), orders=len(sold), cancels=int((w.status == "cancelled").sum()), lines=int(sold.line_items.map(len).sum()),
     buyers=sold["billing.email"].nunique(), purchased=sum(worth))

with open(f"{folder}/magento/orders.json") as f:
    m = pd.json_normalize(json.load(f)["items"])
sold = m[(m.state.isin(["complete", "closed", "processing"])) | ((m.state == "new") & (m.status == "pending"))]
worth = [Decimal(str(s)) + Decimal(str(d)) for s, d in zip(sold.subtotal, sold.discount_amount)]
back = [Decimal(str(s)) + Decimal(str(d)) for s, d in zip(sold.subtotal_refunded.fillna(0), sold.discount_refunded.fillna(0))]
told("magento", "magento/orders.json", rows=len(m), orders=len(sold), cancels=int((m.state == "canceled").sum()),
     lines=sum(sum("parent_item_id" not in i for i in items) for items in sold["items"]), buyers=sold.customer_email.str.lower().nunique(), purchased=sum(worth), refunded=sum(back))

g = table("magento/grid.csv")
dollars = lambda v: Decimal(v.replace("$", "").replace(",", "") or "0")
sold = g[g.Status != "canceled"]
told("magento", "magento/grid.csv", rows=len(g), orders=len(sold), cancels=int((g.Status == "canceled").sum()), buyers=sold["Customer Email"].str.lower().nunique(),
     purchased=sum(map(dollars, sold.Subtotal)), refunded=sum(map(dollars, sold["Total Refunded"])))

with open(f"{folder}/prestashop/orders.json") as f:
    p = pd.json_normalize(json.load(f)["orders"])
sold = p[p.valid == "1"]
worth = [Decimal(t) - Decimal(s) for t, s in zip(sold.total_paid_tax_excl, sold.total_shipping_tax_excl)]
told("prestashop", "prestashop/orders.json", rows=len(p), orders=len(sold), cancels=int((p.current_state == "6").sum()),
     lines=sum(len(r) if isinstance(r, list) else 1 for r in sold["associations.order_rows"].where(sold["associations.order_rows"].notna(), 0)), buyers=sold.id_customer.nunique(), purchased=sum(worth), refunded=Decimal(0))

with open(f"{folder}/idosell/orders.json") as f:
    d = json.load(f)["Results"]
lines = [l for x in d for l in x["orderDetails"]["productsResults"]]
told("idosell", "idosell/orders.json", rows=len(d), orders=len(d), lines=len(lines), buyers=len({x["clientResult"]["clientAccount"]["clientEmail"] for x in d}),
     purchased=sum(Decimal(str(l["productOrderPriceNet"])) * Decimal(str(l["productQuantity"])) for l in lines), refunded=Decimal(0))
