<?php
$settings = parse_ini_file(__DIR__ . '/settings.ini');
$shop = new mysqli($settings['host'], $settings['user'], getenv('SHOP_PASSWORD'), 'shop', $settings['port']);
echo 'The shop of ' . gethostname() . ' has ' . $shop->query('SELECT 1 FROM articles')->num_rows . ' articles.';
