/** What the tracker is told when it is started. */
export interface Options {
  /** The public key. */
  key?: string;
  /** The shop that the key speaks for, where it says none. */
  shop?: string;
  /** "required": ids live as long as the page until consent(true). */
  consent?: "required";
  /** "off": the data layer is not read. */
  layer?: "off";
  /** Tells in the console, and in a list on the page, what is sent and what the server answers. */
  debug?: boolean;
  /** Where t.js is, if not where this module is: a subdomain of the shop's. */
  host?: string;
}

/** A product within an event, in GA4's words. Further members are kept. */
export interface Item {
  item_id: string | number;
  item_name?: string;
  item_category?: string | string[];
  item_brand?: string;
  item_variant?: string;
  price?: number | string;
  quantity?: number | string;
  [member: string]: unknown;
}

export type EventName =
  | "page_view" | "view_item" | "view_item_list" | "select_item" | "search"
  | "add_to_wishlist" | "remove_from_wishlist" | "add_to_cart" | "remove_from_cart" | "view_cart"
  | "begin_checkout" | "add_shipping_info" | "add_payment_info" | "purchase" | (string & {});

export interface Fields {
  items?: Item[];
  order?: string;
  value?: number | string;
  currency?: string;
  query?: string;
  recommendation?: string;
  slot?: number;
  [member: string]: unknown;
}

export interface Orrery {
  event(name: EventName, fields?: Fields): void;
  identify(contact: string, attributes?: Record<string, unknown>, hmac?: string): void;
  logout(): void;
  consent(given: boolean): void;
  flush(): void;
  ready(callback: (visitor: string) => void): void;
  visitor(): Promise<string>;
}

export function start(options?: Options): void;
export const orrery: Orrery;
export default orrery;
