package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"orrery/models"
	"orrery/serve"
	"orrery/stream/source"
	"orrery/stream/source/foreign"
)

// sourceFlags say how other platforms' messages are taken: POST /v1/in/{platform}.
type sourceFlags struct {
	Shopify     string `name:"in.shopify-secret" help:"What Shopify signs its webhooks with (the app's client secret, or the one below Settings, Notifications, Webhooks). The address to enter there: https://HOST/v1/in/shopify. Better set by ORRERY_IN_SHOPIFY_SECRET than here; so are the others."`
	WooCommerce string `name:"in.woocommerce-secret" help:"What WooCommerce signs its webhooks with: the secret of WooCommerce, Settings, Advanced, Webhooks."`
	GA4         string `name:"in.ga4-secret" help:"The api_secret of GA4's Measurement Protocol, as senders have it in their address: POST /mp/collect?api_secret=SECRET, or /v1/in/ga4."`
	PrestaShop  string `name:"in.prestashop-secret" help:"What a module of PrestaShop signs with: X-Orrery-Signature is the HMAC-SHA-256 of the body under it, in hexadecimal."`
	Magento     string `name:"in.magento-secret" help:"What a module of Magento signs the orders with that it posts: X-Orrery-Signature, as PrestaShop's."`
	IdoSell     string `name:"in.idosell-secret" help:"The token that the template of IdoSell's webhooks says, in the body or as X-Orrery-Token."`
	SALESmanago string `name:"in.salesmanago-secret" help:"The API secret that calls of SALESmanago's import interface are made with."`
	Secrets     string `name:"in.secrets" placeholder:"FILE" help:"TOML file of such secrets, mode 0600, for several shops: tables [[secret]] with platform, shop and secret. The address of a shop's webhook ends in ?shop=SHOP. env:NAME reads that environment variable instead."`
	ItemID      string `name:"in.item-id" enum:"sku,number" default:"sku" help:"What products of Shopify, WooCommerce, PrestaShop and IdoSell are known by: sku (the number where there is none), as in the JSON-LD of their pages, or number. It has to be what the feed and the pages say."`
}

// secretFile is what --in.secrets names.
type secretFile struct {
	Secrets []struct {
		Platform string `toml:"platform"`
		Shop     string `toml:"shop"`
		Secret   string `toml:"secret"`
	} `toml:"secret"`
}

// webhooks returns the secrets of platforms: those of the flags for the shop that they are set for, then those of the file.
func (f *sourceFlags) webhooks(shop string) ([]serve.Webhook, error) {
	if shop == "" {
		shop = models.DefaultShop
	}
	var all []serve.Webhook
	var errs []error
	add := func(from string, w serve.Webhook) {
		switch {
		case !slices.Contains(source.Names(), w.Platform):
			errs = append(errs, fmt.Errorf("%s: there is no platform %q, but %s", from, w.Platform, strings.Join(source.Names(), ", ")))
		case len(w.Secret) < minKey:
			errs = append(errs, fmt.Errorf("%s: the secret of %s %s", from, w.Platform, weakKey))
		case slices.ContainsFunc(all, func(o serve.Webhook) bool { return o.Platform == w.Platform && o.Shop == w.Shop }):
			errs = append(errs, fmt.Errorf("%s: %s has two secrets for the shop %s", from, w.Platform, w.Shop))
		}
		all = append(all, w)
	}
	for platform, secret := range map[string]string{"shopify": f.Shopify, "woocommerce": f.WooCommerce, "ga4": f.GA4, "prestashop": f.PrestaShop, "magento": f.Magento, "idosell": f.IdoSell, "salesmanago": f.SALESmanago} {
		if secret != "" {
			add("in."+platform+"-secret", serve.Webhook{Platform: platform, Shop: shop, Secret: secret})
		}
	}
	if f.Secrets != "" {
		text, err := keyText(f.Secrets)
		if err != nil {
			return nil, fmt.Errorf("in.secrets: %w", err)
		}
		var file secretFile
		d := toml.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&file); err != nil {
			return nil, fmt.Errorf("in.secrets: cannot read the secrets in %s: %s", f.Secrets, withoutText(err))
		}
		if len(file.Secrets) == 0 {
			return nil, fmt.Errorf("in.secrets: cannot read the secrets in %s: there is no table [[secret]]", f.Secrets)
		}
		for _, s := range file.Secrets {
			if s.Shop == "" {
				s.Shop = models.DefaultShop
			}
			add("in.secrets: "+f.Secrets, serve.Webhook{Platform: s.Platform, Shop: s.Shop, Secret: s.Secret})
		}
	}
	return all, errors.Join(errs...)
}

// sources returns the readers of other platforms' messages.
func (f *sourceFlags) sources() map[string]serve.Source {
	all := map[string]serve.Source{}
	for name, w := range source.Webhooks(f.by()) {
		all[name] = w
	}
	return all
}

// by returns what products are known by.
func (f *sourceFlags) by() foreign.ItemID {
	if f.ItemID == "number" {
		return foreign.ByNumber
	}
	return foreign.BySKU
}
