"""Names, places and things of offices, shops and machine rooms, as lists."""

FIRST_NAMES = """Aisha Akira Alejandra Amara Amir Anders Anika Anton Beatriz Bilal Birgit Bogdan Camille Carlos Chiara Dagny
Daniela Darius Dmitri Ebele Eitan Elif Emeka Esther Fatima Felix Femi Freya Gareth Giulia Hana Haruto Henrik Ines Ingrid Ismail
Ivana Jamal Jiho Joanna Jonas Kavita Keiko Kofi Lars Leila Liam Lucia Magnus Mairead Marek Mei Milan Mina Nadia Naomi Nikhil
Noor Olga Oscar Padraig Paula Petra Priya Quentin Rafael Rania Renate Rohan Rosa Samir Sanne Selma Soren Stella Tariq Tatiana
Theo Tomas Ulrike Usha Valentina Viktor Wanda Wei Yara Yusuf Zainab Zoe Ruth Graham Beth Colin Denise Walter""".split()
LAST_NAMES = """Abbott Adeyemi Aguilar Almeida Bakker Banerjee Becker Bianchi Blom Caruso Chen Dahl Delgado Demir Dubois Eze
Ferreira Fischer Fontaine Gallagher Haddad Hoang Horvat Iyer Jansen Jimenez Kaplan Kato Keller Kim Kowalski Kruger Lund
Madsen Marchetti Mbeki Mensah Moreau Nakamura Novak Nwosu Okafor Olsen Ortega Osei Park Pereira Petrov Quinn Ramos
Rossi Salazar Sato Schmidt Shah Silva Sokolov Tanaka Thorne Vasquez Virtanen Wagner Weiss Whitlock Yamada Yilmaz Zhang""".split()
COMPANY_HEADS = """Alder Amber Anchor Arbor Aster Atlas Basalt Beacon Birch Blue Bramble Bright Cedar Cinder Clover Cobalt Copper
Coral Crest Delta Drift Elm Ember Falcon Fern Flint Garnet Granite Harbor Hazel Heron Indigo Iron Juniper Kestrel Lantern Larch
Linden Lumen Maple Marble Meadow Mill Mistral Nimbus North Oak Onyx Orchard Otter Pebble Pine Plover Quarry Quartz Raven
Reed River Rowan Saffron Sage Slate Solace Sparrow Spruce Stone Summit Teal Thistle Timber Umber Vale Vesper Willow Wren""".split()
COMPANY_TAILS = """Analytics Bank Capital Clinic Cloud Components Consulting Dental Design Digital Dynamics Energy Engineering
Farms Foods Freight Group Health Hotels Insurance Interiors Labs Legal Logistics Media Mobility Motors Networks Outfitters
Partners Pharma Press Property Research Retail Robotics Security Shipping Software Solutions Studio Supply Systems Textiles
Travel Utilities Ventures Works""".split()
TOP_LEVELS = [
    "example",
    "test",
    "example.com",
    "example.net",
    "example.org",
    "com",
    "net",
    "io",
    "org",
    "co",
    "dev",
    "app",
    "de",
    "fr",
    "nl",
    "eu",
    "co.uk",
    "cloud",
    "info",
    "site",
]
HOST_HEADS = [
    "api",
    "app",
    "cdn",
    "collect",
    "data",
    "docs",
    "files",
    "forms",
    "help",
    "hooks",
    "img",
    "intake",
    "login",
    "mail",
    "metrics",
    "mirror",
    "pay",
    "portal",
    "relay",
    "static",
    "status",
    "support",
    "sync",
    "track",
    "update",
    "www",
]
PROJECTS = """Aurora Bluebird Calypso Driftwood Eclipse Foxglove Galileo Hydra Iceberg Jasmine Kepler Lighthouse Mercury
Nightingale Orion Pangea Quicksilver Redwood Sunflower Tidewater Umbra Voyager Wildfire Zephyr""".split()
DEPARTMENTS = [
    "accounts payable",
    "accounts receivable",
    "facilities",
    "human resources",
    "IT",
    "legal",
    "logistics",
    "marketing",
    "operations",
    "payroll",
    "procurement",
    "quality",
    "research",
    "sales",
    "security",
    "support",
    "the help desk",
    "the finance team",
    "the platform team",
    "the data team",
    "customer success",
    "the warehouse",
    "engineering",
    "the release team",
    "compliance",
    "internal audit",
    "the front desk",
    "the press office",
    "the lab",
]
TOPICS = [
    "quarterly budget",
    "office move",
    "supplier contract",
    "annual audit",
    "hiring plan",
    "travel policy",
    "data migration",
    "customer survey",
    "product launch",
    "fire drill",
    "parking arrangements",
    "expense rules",
    "training week",
    "new logo",
    "price list",
    "shift rota",
    "holiday calendar",
    "warehouse inventory",
    "login page",
    "mobile app",
    "search index",
    "payment gateway",
    "board meeting",
    "press release",
    "patch window",
    "vendor review",
    "insurance renewal",
    "grant proposal",
    "spring catalogue",
    "maintenance schedule",
    "delivery delays",
    "warranty claims",
    "school visit",
    "garden project",
    "choir rehearsal",
    "bike race",
    "recipe collection",
    "house viewing",
    "clinic hours",
    "water damage",
    "energy bill",
    "container upgrade",
    "database failover",
    "incident report",
    "design review",
    "translation backlog",
    "fleet leasing",
]
PRODUCTS = [
    "standing desk",
    "espresso machine",
    "noise-cancelling headset",
    "mountain bike",
    "air purifier",
    "rain jacket",
    "mechanical keyboard",
    "camping stove",
    "label printer",
    "baby monitor",
    "dash camera",
    "yoga mat",
    "robot vacuum",
    "pressure washer",
    "external drive",
    "smart thermostat",
    "electric kettle",
    "office chair",
    "trail shoes",
    "tent",
    "wireless router",
    "bread maker",
    "desk lamp",
    "torque wrench",
    "garden hose",
    "suitcase",
    "4K monitor",
    "blender",
]
FILES = [
    "budget.xlsx",
    "minutes.docx",
    "contract-final.pdf",
    "notes.md",
    "customers.csv",
    "rota.xlsx",
    "deploy.yaml",
    "settings.json",
    "README.md",
    "invoice-{number}.pdf",
    "report-{year}.pdf",
    "slides.pptx",
    "schema.sql",
    "backup.tar.gz",
    "app.log",
    "payroll-{month}.csv",
    "offer-letter.docx",
    "floor-plan.pdf",
    "inventory.csv",
    "main.py",
    "config.toml",
    "photo-{number}.jpg",
]
CITIES = """Aarhus Accra Adelaide Antwerp Bergen Bilbao Bogota Brno Busan Cork Dakar Denver Dresden Durban Florence Gdansk Geneva
Ghent Glasgow Graz Hanoi Izmir Jaipur Kigali Krakow Kyoto Lagos Leeds Lima Lisbon Lyon Malaga Malmo Montreal Nairobi Nantes
Osaka Oslo Perth Porto Pune Quito Riga Rotterdam Seville Sofia Split Tallinn Tampere Turin Utrecht Valencia Vilnius Wellington""".split()
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ADJECTIVES = """ample brief broad calm careful cheap clean clear compact complex costly cramped dated decent detailed dull early
easy elegant fair fast final firm flat fresh full gentle handy heavy helpful honest large late light long loud minor modest
narrow neat new noisy odd old plain pleasant poor prompt proper quick quiet rare rough secure sharp short shy simple slow small
smooth solid sound sparse steady stiff sturdy tidy tight useful vague warm weak wide worn""".split()
NOUNS = """agenda archive bracket branch bridge budget button cable camera carton chapter charger checklist column cover curve
delivery display door draft drawer engine entrance fabric filter folder forecast form frame garden gate handle harvest heater
index invoice kitchen label ladder landing layout ledger lesson library lift list lobby manual margin market menu meter mirror
module motor network notebook orchard order outline package panel parcel path pattern payment pipeline platform poster printer
queue quote railing receipt recipe record region rental report roof route sample schedule screen script sensor server session
shelf shipment signal sketch socket stage station storage summary surface switch table terrace ticket timetable token tool track
trailer valve vehicle version video wall warehouse window workshop""".split()
VERBS_PAST = """added approved archived arranged assembled booked changed checked cleaned closed collected compared confirmed
corrected delayed delivered described discussed drafted dropped extended filed finished fixed improved inspected installed
labelled listed loaded mailed measured merged moved noted opened ordered packed painted planned posted printed promised published
raised received recorded reduced removed renamed repaired replaced reported returned reviewed revised saved scanned scheduled
shipped shortened signed sorted stored tested trimmed unpacked updated verified weighed""".split()
