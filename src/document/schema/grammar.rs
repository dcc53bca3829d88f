// SPDX-License-Identifier: LGPL-2.1-or-later
//! What may stand where in the XML of a device: the schema of libvirt 12.8.0, in tables.

use super::rule::Pattern::{self, Choice, Group, Many, Maybe, Mixed, One, Several};
use super::rule::{Attribute, Content, Rule, Sort};
use super::values::Value::{self, Words};
use super::values::*;

const NOTHING: Content = Content::Elements(&[]);

/// One element of this sort.
const fn one(
    name: &'static str,
    sort: Sort,
    attributes: &'static [Attribute],
    content: Content,
) -> Pattern {
    One(Rule {
        name,
        sort,
        attributes,
        content,
    })
}

/// An element with these children in this order.
const fn element(
    name: &'static str,
    attributes: &'static [Attribute],
    children: &'static [Pattern],
) -> Pattern {
    let content = Content::Elements(children);
    one(name, Sort::Only, attributes, content)
}

/// An element that holds text.
const fn text(name: &'static str, value: Value) -> Pattern {
    text_with(name, &[], value)
}

/// An element that has attributes and holds text.
const fn text_with(name: &'static str, attributes: &'static [Attribute], value: Value) -> Pattern {
    one(name, Sort::Only, attributes, Content::Text(value))
}

/// A `<capability>` of one of these types, with these children in this order.
const fn capability(types: &'static [&'static str], children: &'static [Pattern]) -> Pattern {
    capability_with(types, &[], children)
}

/// The same with attributes beside the type.
const fn capability_with(
    types: &'static [&'static str],
    attributes: &'static [Attribute],
    children: &'static [Pattern],
) -> Pattern {
    let content = Content::Elements(children);
    one("capability", Sort::Is("type", types), attributes, content)
}

const fn required(name: &'static str, value: Value) -> Attribute {
    Attribute {
        name,
        value,
        is_required: true,
    }
}

const fn optional(name: &'static str, value: Value) -> Attribute {
    Attribute {
        name,
        value,
        is_required: false,
    }
}

/// The root.
pub const DEVICE: Rule = Rule {
    name: "device",
    sort: Sort::Only,
    attributes: &[],
    content: Content::Elements(&[Mixed(&[
        text("name", ANY),
        Maybe(&text("path", ANY)),
        Many(&one(
            "devnode",
            Sort::Is("type", &["dev", "link"]),
            &[],
            Content::Text(ANY),
        )),
        Maybe(&Choice(PARENT)),
        Maybe(&element("driver", &[], &[text("name", ANY)])),
        Many(&Choice(CAPABILITIES)),
    ])]),
};

/// The parent by world-wide names, by those of its fabric, or by its own name.
const PARENT: &[Pattern] = &[
    one("parent", Sort::Has("wwnn"), PARENT_PORT, NOTHING),
    one("parent", Sort::Has("wwpn"), PARENT_PORT, NOTHING),
    one(
        "parent",
        Sort::Has("fabric_wwn"),
        &[required("fabric_wwn", WWN)],
        NOTHING,
    ),
    text("parent", ANY),
];

const PARENT_PORT: &[Attribute] = &[required("wwnn", WWN), required("wwpn", WWN)];

const CAPABILITIES: &[Pattern] = &[
    capability(&["system"], SYSTEM),
    capability(&["pci"], PCI),
    capability(&["usb_device"], USB_DEVICE),
    capability(&["usb"], USB_INTERFACE),
    capability(&["net"], NET),
    capability(&["scsi_generic"], &[text("char", ANY)]),
    capability(&["scsi_host"], SCSI_HOST),
    capability(&["scsi_target"], SCSI_TARGET),
    capability(&["scsi"], SCSI),
    capability(&["storage"], STORAGE),
    capability(
        &["drm"],
        &[text("type", Words(&["primary", "control", "render"]))],
    ),
    capability(&["mdev"], MDEV),
    capability(&["ccw"], CCW),
    capability(&["ccwgroup"], CCW_GROUP),
    capability(&["css"], CSS),
    capability(&["vdpa"], &[text("chardev", PATH)]),
    capability(&["ap_card"], &[text("ap-adapter", UINT8)]),
    capability(
        &["ap_queue"],
        &[text("ap-adapter", UINT8), text("ap-domain", AP_DOMAIN)],
    ),
    capability(&["ap_matrix"], &[Maybe(&MDEV_TYPES)]),
];

const SYSTEM: &[Pattern] = &[
    Maybe(&text("product", ANY)),
    element(
        "hardware",
        &[],
        &[
            Maybe(&text("vendor", ANY)),
            Maybe(&text("version", ANY)),
            Maybe(&text("serial", ANY)),
            text("uuid", UUID),
        ],
    ),
    element(
        "firmware",
        &[],
        &[
            Maybe(&text("vendor", ANY)),
            Maybe(&text("version", ANY)),
            Maybe(&text("release_date", ANY)),
        ],
    ),
];

const PCI: &[Pattern] = &[
    Maybe(&text("class", PCI_CLASS)),
    text("domain", UNSIGNED_LONG),
    text("bus", UNSIGNED_LONG),
    text("slot", UNSIGNED_LONG),
    text("function", UNSIGNED_LONG),
    identity("product"),
    identity("vendor"),
    Maybe(&capability(&["phys_function"], &[Maybe(&PCI_ADDRESS)])),
    Maybe(&capability_with(
        &["virt_functions"],
        &[optional("maxCount", UNSIGNED_INT)],
        &[Many(&PCI_ADDRESS)],
    )),
    Maybe(&capability(&["pci-bridge", "cardbus-bridge"], &[])),
    Maybe(&MDEV_TYPES),
    Maybe(&capability(&["vpd"], VPD)),
    Maybe(&element(
        "iommuGroup",
        &[required("number", UNSIGNED_INT)],
        &[Several(&PCI_ADDRESS)],
    )),
    Maybe(&element("numa", &[optional("node", INT)], &[])),
    Maybe(&element("pci-express", &[], &[Many(&PCI_LINK)])),
];

/// A product or vendor: the number, and the name if it is known.
const fn identity(name: &'static str) -> Pattern {
    text_with(name, const { &[required("id", HEX)] }, ANY)
}

const PCI_ADDRESS: Pattern = element(
    "address",
    &[
        required("domain", HEX),
        required("bus", HEX),
        required("slot", HEX),
        required("function", HEX),
    ],
    &[],
);

const PCI_LINK: Pattern = one(
    "link",
    Sort::Is("validity", &["cap", "sta"]),
    &[
        optional("port", UNSIGNED_INT),
        optional("speed", LINK_SPEED),
        required("width", UNSIGNED_INT),
    ],
    NOTHING,
);

const VPD: &[Pattern] = &[
    text("name", VPD_TEXT),
    Maybe(&fields(
        &["readonly"],
        &[
            Maybe(&text("change_level", VPD_TEXT)),
            Maybe(&text("manufacture_id", VPD_TEXT)),
            Maybe(&text("part_number", VPD_TEXT)),
            Maybe(&text("serial_number", VPD_TEXT)),
            Many(&VENDOR_FIELD),
        ],
    )),
    Maybe(&fields(
        &["readwrite"],
        &[
            Maybe(&text("asset_tag", VPD_TEXT)),
            Many(&VENDOR_FIELD),
            Many(&SYSTEM_FIELD),
        ],
    )),
];

const fn fields(access: &'static [&'static str], children: &'static [Pattern]) -> Pattern {
    let content = Content::Elements(children);
    one("fields", Sort::Is("access", access), &[], content)
}

const VENDOR_FIELD: Pattern =
    text_with("vendor_field", &[required("index", VENDOR_INDEX)], VPD_TEXT);
const SYSTEM_FIELD: Pattern =
    text_with("system_field", &[required("index", SYSTEM_INDEX)], VPD_TEXT);

const MDEV_TYPES: Pattern = capability(
    &["mdev_types"],
    &[Several(&element(
        "type",
        &[required("id", ANY)],
        &[
            Maybe(&text("name", ANY)),
            text("deviceAPI", Words(&["vfio-pci", "vfio-ccw", "vfio-ap"])),
            text("availableInstances", UNSIGNED_INT),
        ],
    ))],
);

const USB_DEVICE: &[Pattern] = &[
    text("bus", UNSIGNED_LONG),
    text("device", UNSIGNED_LONG),
    text("port", UNSIGNED_LONG),
    identity("product"),
    identity("vendor"),
];

const USB_INTERFACE: &[Pattern] = &[
    text("number", UNSIGNED_LONG),
    text("class", UNSIGNED_LONG),
    text("subclass", UNSIGNED_LONG),
    text("protocol", UNSIGNED_LONG),
    Maybe(&text("description", ANY)),
];

const NET: &[Pattern] = &[
    text("interface", ANY),
    Maybe(&text("address", MAC)),
    Maybe(&element(
        "link",
        &[
            optional("speed", UNSIGNED_INT),
            optional("state", LINK_STATE),
        ],
        &[],
    )),
    Many(&element("feature", &[required("name", FEATURE)], &[])),
    Many(&capability(&["80203", "80211"], &[])),
];

const SCSI_HOST: &[Pattern] = &[
    text("host", UNSIGNED_LONG),
    Maybe(&text("unique_id", UNSIGNED_INT)),
    Many(&Choice(&[
        capability(
            &["fc_host"],
            &[
                text("wwnn", WWN),
                text("wwpn", WWN),
                Maybe(&text("fabric_wwn", WWN)),
            ],
        ),
        capability(
            &["vport_ops"],
            &[
                text("max_vports", UNSIGNED_INT),
                text("vports", UNSIGNED_INT),
            ],
        ),
    ])),
];

const SCSI_TARGET: &[Pattern] = &[
    text("target", ANY),
    Maybe(&capability(
        &["fc_remote_port"],
        &[text("rport", ANY), text("wwpn", WWN)],
    )),
];

const SCSI: &[Pattern] = &[
    text("host", UNSIGNED_LONG),
    text("bus", UNSIGNED_LONG),
    text("target", UNSIGNED_LONG),
    text("lun", UNSIGNED_LONG),
    Maybe(&text("type", ANY)),
];

const STORAGE: &[Pattern] = &[
    text("block", PATH),
    Maybe(&text("bus", ANY)),
    Maybe(&text("drive_type", ANY)),
    Maybe(&text("model", ANY)),
    Maybe(&text("vendor", ANY)),
    Maybe(&text("serial", ANY)),
    Choice(&[
        capability(
            &["removable"],
            &[
                text("media_available", Words(&["0", "1"])),
                text("media_size", UNSIGNED_LONG),
                Maybe(&text("media_label", ANY)),
                BLOCKS,
            ],
        ),
        Group(&[text("size", UNSIGNED_LONG), BLOCKS]),
    ]),
    Maybe(&capability(&["hotpluggable"], &[])),
];

const BLOCKS: Pattern = Maybe(&Group(&[
    text("logical_block_size", UNSIGNED_LONG),
    text("num_blocks", UNSIGNED_LONG),
]));

const MDEV: &[Pattern] = &[Mixed(&[
    element("type", &[required("id", ANY)], &[]),
    Maybe(&element(
        "iommuGroup",
        &[required("number", UNSIGNED_INT)],
        &[],
    )),
    Maybe(&text("uuid", UUID)),
    Maybe(&text("parent_addr", ANY)),
    Many(&element(
        "attr",
        &[required("name", ANY), required("value", ANY)],
        &[],
    )),
])];

const CCW_STATE: Pattern = Maybe(&text("state", Words(&["online", "offline"])));

const CCW_ADDRESS: Pattern = Mixed(&[
    text("cssid", CSSID),
    text("ssid", SSID),
    text("devno", DEVNO),
]);

const CCW: &[Pattern] = &[
    CCW_STATE,
    CCW_ADDRESS,
    Maybe(&capability(
        &["ccwgroup_member"],
        &[text("group_device", ANY)],
    )),
];

const CCW_GROUP: &[Pattern] = &[
    CCW_STATE,
    CCW_ADDRESS,
    Maybe(&element(
        "members",
        &[],
        &[Several(&text_with(
            "ccw_device",
            &[required("ref", ANY)],
            ANY,
        ))],
    )),
    capability(
        &["qeth_generic", "qeth_layer2", "qeth_layer3"],
        &[Mixed(&[text("card_type", ANY), text("chpid", ANY)])],
    ),
];

const CSS: &[Pattern] = &[Mixed(&[
    CCW_ADDRESS,
    Maybe(&element("channel_dev_addr", &[], &[CCW_ADDRESS])),
    Maybe(&MDEV_TYPES),
])];
