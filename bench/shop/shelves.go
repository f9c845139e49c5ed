package shop

// shelf is a category of the made-up shop: what its products are called, what they cost, and what goes with them.
type shelf struct {
	path       string    // category path
	low, high  int       // price range in units of currency
	footfall   int       // how many visitors look for this, relative to the other shelves
	consumable bool      // used up, and bought again
	nouns      string    // what the products are, separated by "|", the cheap ones first
	styles     string    // what tells them apart
	brands     string    // invented: no real one is meant
	with       []shelfID // what is bought with it, the closest first
}

// shelfID names a shelf within this table.
type shelfID int8

const (
	grinders shelfID = iota
	espresso
	brewers
	beans
	tea
	kettles
	mugs
	knives
	boards
	cookware
	spices
	bakeware
	baking
	linen
	pillows
	towels
	bath
	skin
	shaving
	gardenTools
	seeds
	pots
	grills
	grillTools
	shoes
	runningWear
	socks
	yoga
	bottles
	helmets
	bikeLights
	tents
	sleepingBags
	lanterns
	headphones
	cables
	speakers
	notebooks
	pens
	buildingSets
	puzzles
	dogFood
	dogGear
	shelfCount
)

var shelves = [shelfCount]shelf{
	grinders: {"Home > Kitchen > Coffee Grinders", 29, 249, 6, false,
		"Travel Grinder|Hand Grinder|Coffee Grinder|Burr Grinder", "Compact|Steel|Conical|Walnut|Quiet|Classic",
		"Norrvik|Haldane|Brassica|Calder & Finch", []shelfID{beans, espresso, brewers}},
	espresso: {"Home > Kitchen > Espresso Machines", 119, 899, 5, false,
		"Milk Frother|Capsule Machine|Espresso Machine|Lever Machine", "Compact|Dual|Chrome|Matt Black|Retro",
		"Haldane|Lumiera|Norrvik", []shelfID{beans, grinders, mugs}},
	brewers: {"Home > Kitchen > Coffee Makers", 14, 79, 6, false,
		"Filter Holder|Pour-Over Dripper|Moka Pot|Cold Brew Jug|French Press", "Glass|Ceramic|Steel|Copper|Travel|Double-Wall",
		"Brassica|Ostara|Calder & Finch", []shelfID{beans, kettles, grinders}},
	beans: {"Food > Coffee", 8, 26, 10, true,
		"House Blend|Filter Beans|Decaf Beans|Espresso Beans|Single Origin Beans", "Dark Roast|Medium Roast|Light Roast|Organic|Harvest|Breakfast",
		"Pellworm Roasters|Kaldera|Morning Parade", []shelfID{brewers, mugs, grinders}},
	tea: {"Food > Tea", 4, 19, 8, true,
		"Peppermint Tea|Rooibos|Black Tea|Earl Grey|Chai|Green Tea", "Loose Leaf|Organic|Garden|First Flush|Evening|Ginger",
		"Ostara|Tamsin's|Kaldera", []shelfID{kettles, mugs, beans}},
	kettles: {"Home > Kitchen > Kettles", 24, 139, 5, false,
		"Water Filter Jug|Teapot|Kettle|Gooseneck Kettle", "Glass|Enamel|Steel|Matt Black|Large|Retro",
		"Haldane|Ostara|Norrvik", []shelfID{tea, brewers, mugs}},
	mugs: {"Home > Tableware > Cups and Mugs", 6, 29, 8, false,
		"Espresso Cup|Mug|Cappuccino Cup|Saucer Set|Travel Mug", "Stoneware|Porcelain|Speckled|Hand-Thrown|Enamel|Striped|Blue",
		"Calder & Finch|Ostara|Juniper Row", []shelfID{tea, beans, brewers}},
	knives: {"Home > Kitchen > Knives", 14, 179, 5, false,
		"Paring Knife|Knife Sharpener|Bread Knife|Chef's Knife|Santoku", "Damascus|Forged|Carbon|Olive Wood|Everyday|Ceramic",
		"Solvang|Haldane|Akari", []shelfID{boards, cookware, spices}},
	boards: {"Home > Kitchen > Cutting Boards", 11, 79, 4, false,
		"Cheese Board|Cutting Board|Serving Board|Butcher Block", "Oak|Bamboo|Walnut|Acacia|End-Grain",
		"Solvang|Juniper Row", []shelfID{knives, spices, cookware}},
	cookware: {"Home > Kitchen > Cookware", 24, 219, 8, false,
		"Saucepan|Frying Pan|Grill Pan|Wok|Stock Pot|Casserole", "Cast Iron|Copper|Non-Stick|Enamelled|Steel|Induction",
		"Brassica|Haldane|Solvang", []shelfID{spices, knives, boards}},
	spices: {"Food > Spices and Oils", 3, 22, 8, true,
		"Sea Salt|Paprika|Curry Powder|Black Pepper|Vinegar|Olive Oil", "Organic|Smoked|Fine|Reserve|Aged|Harvest",
		"Tamsin's|Pellworm|Villa Corta", []shelfID{cookware, boards, baking}},
	bakeware: {"Home > Kitchen > Bakeware", 8, 49, 5, false,
		"Whisk|Baking Sheet|Loaf Tin|Springform|Proving Basket|Mixing Bowl", "Non-Stick|Steel|Ceramic|Large|Classic",
		"Brassica|Juniper Row", []shelfID{baking, spices, boards}},
	baking: {"Food > Baking", 2, 14, 6, true,
		"Dry Yeast|Bread Flour|Rye Flour|Baking Chocolate|Cocoa|Vanilla", "Organic|Stone-Milled|Wholegrain|Dark|Fine",
		"Tamsin's|Millhand", []shelfID{bakeware, tea, spices}},
	linen: {"Home > Bedroom > Bed Linen", 29, 149, 6, false,
		"Pillowcase Pair|Fitted Sheet|Bedspread|Duvet Cover Set", "Linen|Percale|Sateen|Jersey|Washed Cotton|Striped",
		"Juniper Row|Atherton|Fjordal", []shelfID{pillows, towels}},
	pillows: {"Home > Bedroom > Pillows and Duvets", 19, 189, 4, false,
		"Neck Pillow|Pillow|Duvet|Mattress Topper", "Down|Wool|All-Season|Light|Bamboo",
		"Atherton|Fjordal", []shelfID{linen, towels}},
	towels: {"Home > Bathroom > Towels", 8, 59, 5, false,
		"Hand Towel Set|Bath Mat|Bath Towel|Bathrobe", "Waffle|Organic|Egyptian Cotton|Linen|Striped|Grey",
		"Juniper Row|Fjordal", []shelfID{bath, linen}},
	bath: {"Beauty > Bath and Body", 5, 34, 7, true,
		"Soap|Hand Cream|Shower Gel|Bath Salts|Body Lotion", "Lavender|Sea Fennel|Almond|Lemon|Cedar|Oat",
		"Mirabel|Brightwell", []shelfID{towels, skin}},
	skin: {"Beauty > Skin Care", 9, 79, 7, true,
		"Cleanser|Sunscreen|Day Cream|Night Cream|Serum", "Sensitive|Vitamin C|Hydrating|Rose|Aloe|Mineral",
		"Mirabel|Dermona", []shelfID{bath, shaving}},
	shaving: {"Beauty > Shaving", 6, 89, 3, true,
		"Razor Blades|Shaving Soap|Aftershave|Shaving Brush|Safety Razor", "Classic|Sandalwood|Chrome|Travel|Barber's",
		"Kestrel & Son|Brightwell", []shelfID{skin, bath}},
	gardenTools: {"Garden > Tools", 8, 99, 5, false,
		"Garden Gloves|Hand Trowel|Watering Can|Garden Fork|Secateurs", "Classic|Sturdy|Light|Ergonomic|Long",
		"Greenholt|Solvang", []shelfID{seeds, pots}},
	seeds: {"Garden > Seeds and Soil", 2, 24, 6, true,
		"Herb Seeds|Tomato Seeds|Wildflower Mix|Plant Food|Lawn Seed|Potting Soil", "Organic|Heirloom|Early|Balcony|Garden",
		"Greenholt|Floravia", []shelfID{pots, gardenTools}},
	pots: {"Garden > Pots and Planters", 6, 79, 5, false,
		"Plant Pot|Herb Planter|Hanging Basket|Planter Box", "Terracotta|Zinc|Glazed|Concrete|Rattan|Self-Watering",
		"Floravia|Juniper Row", []shelfID{seeds, gardenTools}},
	grills: {"Garden > Grills", 79, 699, 4, false,
		"Fire Bowl|Charcoal Grill|Kettle Grill|Pizza Oven|Gas Grill", "Portable|Compact|Steel|Enamelled|Large",
		"Emberly|Solvang", []shelfID{grillTools, spices}},
	grillTools: {"Garden > Grill Accessories", 7, 59, 4, false,
		"Smoking Chips|Charcoal|Grill Tongs|Grill Apron|Chimney Starter|Grill Thermometer", "Classic|Pro|Campfire|Beechwood|Backyard",
		"Emberly|Brassica", []shelfID{grills, spices, knives}},
	shoes: {"Sports > Running > Shoes", 59, 189, 9, false,
		"Walking Shoes|Running Shoes|Trail Shoes|Racing Flats", "Cushioned|Light|Stable|Waterproof|Daily|Wide",
		"Velomar|Strade|Kestrel", []shelfID{socks, runningWear, bottles}},
	runningWear: {"Sports > Running > Clothing", 19, 99, 7, false,
		"Cap|Running Shirt|Running Shorts|Tights|Windbreaker", "Merino|Breathable|Reflective|Summer|Thermal|Long",
		"Velomar|Strade", []shelfID{shoes, socks, bottles}},
	socks: {"Sports > Running > Socks", 6, 24, 6, false,
		"Ankle Socks|Running Socks|Trail Socks|Compression Socks", "Merino|Cushioned|Light|Striped|Thermal",
		"Velomar|Fjordal", []shelfID{shoes, runningWear}},
	yoga: {"Sports > Yoga", 12, 99, 5, false,
		"Yoga Strap|Yoga Block|Foam Roller|Meditation Cushion|Yoga Mat", "Cork|Natural Rubber|Extra Thick|Travel|Firm",
		"Satori|Juniper Row", []shelfID{bottles, towels}},
	bottles: {"Sports > Bottles", 9, 45, 6, false,
		"Shaker|Bike Bottle|Water Bottle|Insulated Bottle", "Steel|Glass|Light|Wide-Neck|Blue|Sand",
		"Satori|Velomar", []shelfID{yoga, runningWear}},
	helmets: {"Sports > Cycling > Helmets", 34, 159, 4, false,
		"Kids' Helmet|City Helmet|Mountain Helmet|Road Helmet", "Matt|Light|Aero|Reflective|Foldable",
		"Strade|Corvin", []shelfID{bikeLights, bottles}},
	bikeLights: {"Sports > Cycling > Lights and Locks", 11, 119, 5, false,
		"Rear Light|Front Light|Light Set|Chain Lock|Folding Lock", "City|Compact|Pro|Touring|Night",
		"Corvin|Strade", []shelfID{helmets, cables}},
	tents: {"Outdoor > Tents", 99, 549, 4, false,
		"Tarp|Dome Tent|Tunnel Tent|Ultralight Tent", "2-Person|3-Person|Family|Trekking|Four-Season",
		"Fjordal|Stormhaven", []shelfID{sleepingBags, lanterns}},
	sleepingBags: {"Outdoor > Sleeping Bags and Mats", 29, 329, 4, false,
		"Travel Pillow|Sleeping Mat|Bivy Bag|Sleeping Bag", "Summer|Three-Season|Light|Winter|Trekking",
		"Stormhaven|Fjordal", []shelfID{tents, lanterns}},
	lanterns: {"Outdoor > Lamps and Stoves", 14, 129, 4, false,
		"Fire Steel|Lantern|Head Torch|Gas Stove|Camping Pot Set", "Compact|Titanium|Trekking|Waterproof|Light",
		"Stormhaven|Emberly", []shelfID{tents, sleepingBags}},
	headphones: {"Electronics > Headphones", 24, 349, 9, false,
		"Headset|Earbuds|Sports Earphones|Headphones|Studio Headphones", "Wireless|Noise-Cancelling|Foldable|Waterproof|Light",
		"Aurelis|Cobalt Lane|Tonika", []shelfID{cables, speakers}},
	cables: {"Electronics > Chargers and Cables", 6, 69, 8, false,
		"USB-C Cable|Adapter|Wall Charger|Charging Stand|Power Bank", "Braided|Fast|Slim|Magnetic|Travel|Compact",
		"Cobalt Lane|Tonika", []shelfID{headphones, speakers}},
	speakers: {"Electronics > Speakers", 34, 399, 5, false,
		"Bluetooth Speaker|Kitchen Radio|Soundbar|Bookshelf Speakers", "Portable|Walnut|Compact|Retro|White",
		"Aurelis|Tonika", []shelfID{cables, headphones}},
	notebooks: {"Office > Notebooks", 4, 29, 5, true,
		"Notepad|Notebook|Sketchbook|Diary|Planner", "Dotted|Lined|Linen-Bound|Pocket|A5|Recycled",
		"Paperwell|Atherton", []shelfID{pens}},
	pens: {"Office > Pens", 2, 89, 5, true,
		"Gel Pen|Ink|Pencil Set|Fineliner Set|Fountain Pen", "Black|Blue|Brass|Fine|Classic|Refillable",
		"Paperwell|Kestrel & Son", []shelfID{notebooks}},
	buildingSets: {"Toys > Building Sets", 12, 149, 5, false,
		"Building Blocks|Marble Run|Train Set|Castle Set|Robot Kit", "Wooden|Starter|Deluxe|Magnetic|Rainbow",
		"Little Harbour|Tinkerton", []shelfID{puzzles}},
	puzzles: {"Toys > Puzzles and Games", 8, 49, 5, false,
		"Dice Set|Card Game|Memory Game|Puzzle|Board Game", "Family|Travel|Illustrated|Classic|Animal|Big",
		"Little Harbour|Owl & Moth", []shelfID{buildingSets}},
	dogFood: {"Pets > Dog Food", 4, 64, 7, true,
		"Training Treats|Chew Sticks|Wet Food|Puppy Food|Dry Food", "Salmon|Chicken|Grain-Free|Senior|Lamb|Organic",
		"Barkley's|Wildtail", []shelfID{dogGear}},
	dogGear: {"Pets > Dog Gear", 7, 69, 5, false,
		"Ball|Food Bowl|Collar|Lead|Harness|Dog Bed", "Reflective|Washable|Classic|Padded|Outdoor",
		"Wildtail|Fjordal", []shelfID{dogFood}},
}

// Names of made-up people, for the addresses of contacts (all under example.com, which belongs to nobody).
const (
	firstNames = "anna|ben|clara|david|elif|finn|greta|hugo|ines|jonas|klara|leo|mara|noah|olga|pavel|quinn|rosa|sami|tilda|umut|vera|wim|xenia|yusuf|zoe"
	lastNames  = "adler|berg|castro|dumont|eriksen|fischer|garcia|horvath|ivanov|jansen|kowalski|lindholm|moreau|novak|okafor|petrov|quist|rossi|silva|tanaka|urban|vogel|weber|yilmaz|zimmer"
	cities     = "Aarhus|Berlin|Cork|Dresden|Ghent|Graz|Lyon|Porto|Turin|Utrecht|Vienna|Zurich"
)

// Colours tell products apart once a shelf's words are used up.
const colours = "White|Black|Grey|Blue|Green|Red|Yellow|Brown|Cream|Teal|Rose|Sand"
