<?php
/**
 * Orrery for PrestaShop 1.7.6 and later, 8 and 9: the tracker on every page, and what happens in the shop posted to
 * /v1/in/prestashop, as PrestaShop's objects are. Copy this folder to modules/orrery, install it, and set the address of the
 * server, the write key and the secret (--in.prestashop-secret of the server).
 */
if (!defined('_PS_VERSION_')) {
    exit;
}

class Orrery extends Module
{
    const SETTINGS = ['ORRERY_URL' => 'Address of the server', 'ORRERY_WRITE_KEY' => 'Write key', 'ORRERY_SECRET' => 'Secret of webhooks', 'ORRERY_SHOP' => 'Shop, where the server has several'];
    const HOOKS = ['displayHeader', 'actionValidateOrder', 'actionOrderStatusPostUpdate', 'actionOrderSlipAdd', 'actionCartSave',
        'actionCustomerAccountAdd', 'actionCustomerAccountUpdate', 'actionAuthentication', 'actionUpdateQuantity'];

    /** @var array bodies that are sent when the page has been */
    private $waiting = [];

    public function __construct()
    {
        $this->name = 'orrery';
        $this->tab = 'analytics_stats';
        $this->version = '1.0.0';
        $this->author = 'Orrery';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '1.7.6', 'max' => '9.99.99'];
        parent::__construct();
        $this->displayName = 'Orrery';
        $this->description = 'Sends views, carts, orders, refunds, customers and stock to Orrery.';
    }

    public function install()
    {
        return parent::install() && $this->registerHook(self::HOOKS);
    }

    public function uninstall()
    {
        foreach (array_keys(self::SETTINGS) as $name) {
            Configuration::deleteByName($name);
        }

        return parent::uninstall();
    }

    /** The settings page. */
    public function getContent()
    {
        $answer = '';
        if (Tools::isSubmit('submitOrrery')) {
            foreach (array_keys(self::SETTINGS) as $name) {
                $value = trim((string) Tools::getValue($name));
                if ($name !== 'ORRERY_SECRET' || $value !== '') { // left blank, the secret stays
                    Configuration::updateValue($name, $name === 'ORRERY_URL' ? rtrim($value, '/') : $value);
                }
            }
            $answer = $this->displayConfirmation($this->trans('Settings updated', [], 'Admin.Notifications.Success'));
        }
        $inputs = [];
        foreach (self::SETTINGS as $name => $label) {
            $inputs[] = ['type' => $name === 'ORRERY_SECRET' ? 'password' : 'text', 'name' => $name, 'label' => $label];
        }
        $form = new HelperForm();
        $form->module = $this;
        $form->name_controller = $this->name;
        $form->token = Tools::getAdminTokenLite('AdminModules');
        $form->currentIndex = AdminController::$currentIndex . '&configure=' . $this->name;
        $form->submit_action = 'submitOrrery';
        foreach (array_keys(self::SETTINGS) as $name) {
            $form->fields_value[$name] = $name === 'ORRERY_SECRET' ? '' : Configuration::get($name);
        }

        return $answer . $form->generateForm([['form' => ['legend' => ['title' => 'Orrery'], 'input' => $inputs, 'submit' => ['title' => 'Save']]]]);
    }

    /** The tracker; product pages say which product it is by PrestaShop's own JSON-LD. */
    public function hookDisplayHeader($params)
    {
        $url = (string) Configuration::get('ORRERY_URL');
        if ($url === '') {
            return '';
        }

        return '<script src="' . htmlspecialchars($url, ENT_QUOTES) . '/t.js" data-key="' . htmlspecialchars((string) Configuration::get('ORRERY_WRITE_KEY'), ENT_QUOTES) . '" async></script>';
    }

    public function hookActionValidateOrder($params)
    {
        $this->order('actionValidateOrder', $params['order'], $params['orderStatus'], $this->visitor());
    }

    /** Of most changes a clerk makes: then the browser is the clerk's. */
    public function hookActionOrderStatusPostUpdate($params)
    {
        $this->order('actionOrderStatusPostUpdate', new Order((int) $params['id_order']), $params['newOrderStatus'], '');
    }

    public function hookActionOrderSlipAdd($params)
    {
        $order = $params['order'];
        $slips = OrderSlip::getOrdersSlip((int) $order->id_customer, (int) $order->id);
        if (!is_array($slips) || count($slips) === 0) {
            return;
        }
        usort($slips, function ($a, $b) { return (int) $b['id_order_slip'] - (int) $a['id_order_slip']; });
        $slip = $slips[0];
        $this->send(['hook' => 'actionOrderSlipAdd', 'order' => ['id' => $order->id], 'currency' => $this->currency($order->id_currency), 'orderSlip' => [
            'id' => $slip['id_order_slip'], 'id_order' => $order->id, 'amount' => $slip['amount'], 'date_add' => $this->time($slip['date_add']),
            'total_products_tax_excl' => isset($slip['total_products_tax_excl']) ? $slip['total_products_tax_excl'] : '']]);
    }

    public function hookActionCartSave($params)
    {
        $cart = isset($params['cart']) ? $params['cart'] : $this->context->cart;
        if (!Validate::isLoadedObject($cart) || $this->inBackOffice()) {
            return;
        }
        $rows = [];
        foreach ($cart->getProducts() as $row) {
            $rows[] = ['id_product' => $row['id_product'], 'id_product_attribute' => $row['id_product_attribute'], 'reference' => $row['reference'],
                'name' => $row['name'], 'cart_quantity' => $row['cart_quantity'], 'price' => $row['price']];
        }
        $body = ['hook' => 'actionCartSave', 'visitor' => $this->visitor(), 'currency' => $this->currency($cart->id_currency),
            'cart' => ['id' => $cart->id, 'date_upd' => $this->time($cart->date_upd), 'products' => $rows]];
        if ($cart->id_customer) {
            $body['customer'] = $this->customer(new Customer((int) $cart->id_customer));
        }
        $this->send($body, 'cart'); // the hook fires several times a page: the last state counts
    }

    public function hookActionCustomerAccountAdd($params)
    {
        $this->account('actionCustomerAccountAdd', isset($params['newCustomer']) ? $params['newCustomer'] : $this->context->customer);
    }

    public function hookActionCustomerAccountUpdate($params)
    {
        $this->account('actionCustomerAccountUpdate', isset($params['customer']) ? $params['customer'] : $this->context->customer);
    }

    public function hookActionAuthentication($params)
    {
        $this->account('actionAuthentication', isset($params['customer']) ? $params['customer'] : $this->context->customer);
    }

    public function hookActionUpdateQuantity($params)
    {
        $product = new Product((int) $params['id_product']);
        $attribute = isset($params['id_product_attribute']) ? (int) $params['id_product_attribute'] : 0;
        $reference = $product->reference;
        if ($attribute) {
            $combination = new Combination($attribute);
            $reference = $combination->reference ?: $reference;
        }
        $this->send(['hook' => 'actionUpdateQuantity', 'quantity' => (int) $params['quantity'], 'products' => [
            ['id_product' => (int) $params['id_product'], 'id_product_attribute' => $attribute, 'reference' => $reference]]]);
    }

    private function order($hook, $order, $status, $visitor)
    {
        if (!Validate::isLoadedObject($order)) {
            return;
        }
        $rows = [];
        foreach ($order->getProducts() as $row) {
            $rows[] = ['product_id' => $row['product_id'], 'product_attribute_id' => $row['product_attribute_id'], 'product_quantity' => $row['product_quantity'],
                'product_name' => $row['product_name'], 'product_reference' => $row['product_reference'], 'unit_price_tax_excl' => $row['unit_price_tax_excl'],
                'unit_price_tax_incl' => $row['unit_price_tax_incl']];
        }
        $body = ['hook' => $hook, 'currency' => $this->currency($order->id_currency), 'customer' => $this->customer(new Customer((int) $order->id_customer)),
            'order' => ['id' => $order->id, 'reference' => $order->reference, 'id_cart' => $order->id_cart, 'total_paid_tax_excl' => $order->total_paid_tax_excl,
                'total_shipping_tax_excl' => $order->total_shipping_tax_excl, 'total_discounts_tax_excl' => $order->total_discounts_tax_excl, 'valid' => $order->valid ? '1' : '0',
                'date_add' => $this->time($order->date_add), 'date_upd' => $this->time($order->date_upd), 'payment' => $order->payment, 'associations' => ['order_rows' => $rows]],
            'newOrderStatus' => ['id' => $status->id, 'name' => is_array($status->name) ? reset($status->name) : $status->name, 'paid' => $status->paid ? '1' : '0',
                'shipped' => $status->shipped ? '1' : '0', 'logable' => $status->logable ? '1' : '0', 'template' => is_array($status->template) ? reset($status->template) : $status->template]];
        if ($visitor !== '') {
            $body['visitor'] = $visitor;
        }
        $this->send($body);
    }

    private function account($hook, $customer)
    {
        if (Validate::isLoadedObject($customer) && !$this->inBackOffice()) {
            $this->send(['hook' => $hook, 'visitor' => $this->visitor(), 'customer' => $this->customer($customer)]);
        }
    }

    private function customer($c)
    {
        return ['id' => $c->id, 'email' => $c->email, 'firstname' => $c->firstname, 'lastname' => $c->lastname, 'newsletter' => $c->newsletter ? '1' : '0',
            'optin' => $c->optin ? '1' : '0', 'birthday' => $c->birthday, 'id_gender' => $c->id_gender, 'is_guest' => $c->is_guest ? '1' : '0',
            'deleted' => $c->deleted ? '1' : '0', 'date_upd' => $this->time($c->date_upd)];
    }

    private function currency($id)
    {
        $currency = new Currency((int) $id);

        return ['iso_code' => $currency->iso_code];
    }

    /** The browser, by the tracker's cookie. */
    private function visitor()
    {
        return !$this->inBackOffice() && isset($_COOKIE['_orrery_vid']) ? (string) $_COOKIE['_orrery_vid'] : '';
    }

    private function inBackOffice()
    {
        return defined('_PS_ADMIN_DIR_') || (isset($this->context->controller->controller_type) && $this->context->controller->controller_type === 'admin');
    }

    /** A moment of the shop's clock, with its zone. */
    private function time($text)
    {
        $at = strtotime((string) $text);

        return $at > 0 ? date('c', $at) : '';
    }

    /** Sends a body when the page has been: no customer waits for it. Of those with a key the last one is sent. */
    private function send(array $body, $key = null)
    {
        if (count($this->waiting) === 0) {
            register_shutdown_function([$this, 'flush']);
        }
        if ($key === null) {
            $this->waiting[] = $body;
        } else {
            $this->waiting[$key] = $body;
        }
    }

    /** Posts what waits. A server that does not answer costs two seconds, behind the page, and is told in PrestaShop's log. */
    public function flush()
    {
        $url = (string) Configuration::get('ORRERY_URL');
        $secret = (string) Configuration::get('ORRERY_SECRET');
        if ($url === '' || $secret === '') {
            return;
        }
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        $shop = (string) Configuration::get('ORRERY_SHOP');
        $url .= '/v1/in/prestashop' . ($shop === '' ? '' : '?shop=' . rawurlencode($shop));
        foreach ($this->waiting as $body) {
            $json = json_encode($body, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
            $curl = curl_init($url);
            curl_setopt_array($curl, [CURLOPT_POST => true, CURLOPT_POSTFIELDS => $json, CURLOPT_RETURNTRANSFER => true, CURLOPT_CONNECTTIMEOUT => 1, CURLOPT_TIMEOUT => 2,
                CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'X-Orrery-Signature: ' . hash_hmac('sha256', $json, $secret)]]);
            $answer = curl_exec($curl);
            $status = (int) curl_getinfo($curl, CURLINFO_HTTP_CODE);
            if ($answer === false || $status >= 300) {
                PrestaShopLogger::addLog('Orrery: ' . $body['hook'] . ' was not taken: ' . ($answer === false ? curl_error($curl) : $status . ' ' . substr((string) $answer, 0, 200)), 2);
            }
            curl_close($curl);
        }
        $this->waiting = [];
    }
}
