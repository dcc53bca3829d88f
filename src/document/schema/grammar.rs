// SPDX-License-Identifier: LGPL-2.1-or-later
//! What may stand where in the XML of a device: the schema of libvirt 12.8.0, in tables.

use super::pattern::Pattern::{self, Choice, Group, Many, Maybe, Mixed, One, Several};
use super::values::Value::{self, Words};
use super::values::*;
use super::{Attribute, Content, Rule, Sort};

const NOTHING: Content = Content::Elements(Group(&[]));

const fn element(
    name: &'static str,
    attributes: &'static [Attribute],
    children: &'static [Pattern],
) -> Rule {
    Rule {
        name,
        sort: Sort::Only,
        attributes,
        content: Content::Elements(Group(children)),
    }
}

const fn text(name: &'static str, value: Value) -> Rule {
    Rule {
        name,
        sort: Sort::Only,
        attributes: &[],
        content: Content::Text(value),
    }
}

/// A `<capability>` with these children in this order.
const fn capability(kind: &'static [&'static str], children: &'static [Pattern]) -> Rule {
    Rule {
        name: "capability",
        sort: Sort::Is("type", kind),
        attributes: &[],
        content: Content::Elements(Group(children)),
    }
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
    content: Content::Elements(Mixed(&[
        One(&text("name", ANY)),
        Maybe(&One(&text("path", ANY))),
        Many(&One(&Rule {
            name: "devnode",
            sort: Sort::Is("type", &["dev", "link"]),
            attributes: &[],
            content: Content::Text(ANY),
        })),
        Maybe(&Choice(PARENT)),
        Maybe(&One(&element("driver", &[], &[One(&text("name", ANY))]))),
        Many(&Choice(CAPABILITIES)),
    ])),
};

/// The parent by world-wide names, by those of its fabric, or by its own name.
const PARENT: &[Pattern] = &[
    One(&PARENT_PORT),
    One(&Rule {
        sort: Sort::Has("wwpn"),
        ..PARENT_PORT
    }),
    One(&Rule {
        name: "parent",
        sort: Sort::Has("fabric_wwn"),
        attributes: &[required("fabric_wwn", WWN)],
        content: NOTHING,
    }),
    One(&text("parent", ANY)),
];

const PARENT_PORT: Rule = Rule {
    name: "parent",
    sort: Sort::Has("wwnn"),
    attributes: &[required("wwnn", WWN), required("wwpn", WWN)],
    content: NOTHING,
};

const CAPABILITIES: &[Pattern] = &[
    One(&capability(&["system"], SYSTEM)),
    One(&capability(&["pci"], PCI)),
    One(&capability(&["usb_device"], USB_DEVICE)),
    One(&capability(&["usb"], USB_INTERFACE)),
    One(&capability(&["net"], NET)),
    One(&capability(&["scsi_generic"], &[One(&text("char", ANY))])),
    One(&capability(&["scsi_host"], SCSI_HOST)),
    One(&capability(&["scsi_target"], SCSI_TARGET)),
    One(&capability(&["scsi"], SCSI)),
    One(&capability(&["storage"], STORAGE)),
    One(&capability(
        &["drm"],
        &[One(&text("type", Words(&["primary", "control", "render"])))],
    )),
    One(&capability(&["mdev"], MDEV)),
    One(&capability(&["ccw"], CCW)),
    One(&capability(&["ccwgroup"], CCW_GROUP)),
    One(&capability(&["css"], CSS)),
    One(&capability(&["vdpa"], &[One(&text("chardev", PATH))])),
    One(&capability(
        &["ap_card"],
        &[One(&text("ap-adapter", UINT8))],
    )),
    One(&capability(
        &["ap_queue"],
        &[
            One(&text("ap-adapter", UINT8)),
            One(&text("ap-domain", AP_DOMAIN)),
        ],
    )),
    One(&capability(&["ap_matrix"], &[Maybe(&MDEV_TYPES)])),
];

const SYSTEM: &[Pattern] = &[
    Maybe(&One(&text("product", ANY))),
    One(&element(
        "hardware",
        &[],
        &[
            Maybe(&One(&text("vendor", ANY))),
            Maybe(&One(&text("version", ANY))),
            Maybe(&One(&text("serial", ANY))),
            One(&text("uuid", UUID)),
        ],
    )),
    One(&element(
        "firmware",
        &[],
        &[
            Maybe(&One(&text("vendor", ANY))),
            Maybe(&One(&text("version", ANY))),
            Maybe(&One(&text("release_date", ANY))),
        ],
    )),
];

const PCI: &[Pattern] = &[
    Maybe(&One(&text("class", PCI_CLASS))),
    One(&text("domain", UNSIGNED_LONG)),
    One(&text("bus", UNSIGNED_LONG)),
    One(&text("slot", UNSIGNED_LONG)),
    One(&text("function", UNSIGNED_LONG)),
    One(&identity("product")),
    One(&identity("vendor")),
    Maybe(&One(&capability(
        &["phys_function"],
        &[Maybe(&PCI_ADDRESS)],
    ))),
    Maybe(&One(&Rule {
        attributes: &[optional("maxCount", UNSIGNED_INT)],
        ..capability(&["virt_functions"], &[Many(&PCI_ADDRESS)])
    })),
    Maybe(&One(&capability(&["pci-bridge", "cardbus-bridge"], &[]))),
    Maybe(&MDEV_TYPES),
    Maybe(&One(&capability(&["vpd"], VPD))),
    Maybe(&One(&element(
        "iommuGroup",
        &[required("number", UNSIGNED_INT)],
        &[Several(&PCI_ADDRESS)],
    ))),
    Maybe(&One(&element("numa", &[optional("node", INT)], &[]))),
    Maybe(&One(&element("pci-express", &[], &[Many(&PCI_LINK)]))),
];

/// A product or vendor: the number, and the name if it is known.
const fn identity(name: &'static str) -> Rule {
    Rule {
        attributes: const { &[required("id", HEX)] },
        ..text(name, ANY)
    }
}

const PCI_ADDRESS: Pattern = One(&element(
    "address",
    &[
        required("domain", HEX),
        required("bus", HEX),
        required("slot", HEX),
        required("function", HEX),
    ],
    &[],
));

const PCI_LINK: Pattern = One(&Rule {
    name: "link",
    sort: Sort::Is("validity", &["cap", "sta"]),
    attributes: &[
        optional("port", UNSIGNED_INT),
        optional("speed", LINK_SPEED),
        required("width", UNSIGNED_INT),
    ],
    content: NOTHING,
});

const VPD: &[Pattern] = &[
    One(&text("name", VPD_TEXT)),
    Maybe(&One(&fields(
        &["readonly"],
        &[
            Maybe(&One(&text("change_level", VPD_TEXT))),
            Maybe(&One(&text("manufacture_id", VPD_TEXT))),
            Maybe(&One(&text("part_number", VPD_TEXT))),
            Maybe(&One(&text("serial_number", VPD_TEXT))),
            Many(&VENDOR_FIELD),
        ],
    ))),
    Maybe(&One(&fields(
        &["readwrite"],
        &[
            Maybe(&One(&text("asset_tag", VPD_TEXT))),
            Many(&VENDOR_FIELD),
            Many(&SYSTEM_FIELD),
        ],
    ))),
];

const fn fields(access: &'static [&'static str], children: &'static [Pattern]) -> Rule {
    Rule {
        name: "fields",
        sort: Sort::Is("access", access),
        attributes: &[],
        content: Content::Elements(Group(children)),
    }
}

const fn field(name: &'static str, index: &'static [Attribute]) -> Rule {
    Rule {
        attributes: index,
        ..text(name, VPD_TEXT)
    }
}

const VENDOR_FIELD: Pattern = One(&field("vendor_field", &[required("index", VENDOR_INDEX)]));
const SYSTEM_FIELD: Pattern = One(&field("system_field", &[required("index", SYSTEM_INDEX)]));

const MDEV_TYPES: Pattern = One(&capability(
    &["mdev_types"],
    &[Several(&One(&element(
        "type",
        &[required("id", ANY)],
        &[
            Maybe(&One(&text("name", ANY))),
            One(&text(
                "deviceAPI",
                Words(&["vfio-pci", "vfio-ccw", "vfio-ap"]),
            )),
            One(&text("availableInstances", UNSIGNED_INT)),
        ],
    )))],
));

const USB_DEVICE: &[Pattern] = &[
    One(&text("bus", UNSIGNED_LONG)),
    One(&text("device", UNSIGNED_LONG)),
    One(&text("port", UNSIGNED_LONG)),
    One(&identity("product")),
    One(&identity("vendor")),
];

const USB_INTERFACE: &[Pattern] = &[
    One(&text("number", UNSIGNED_LONG)),
    One(&text("class", UNSIGNED_LONG)),
    One(&text("subclass", UNSIGNED_LONG)),
    One(&text("protocol", UNSIGNED_LONG)),
    Maybe(&One(&text("description", ANY))),
];

const NET: &[Pattern] = &[
    One(&text("interface", ANY)),
    Maybe(&One(&text("address", MAC))),
    Maybe(&One(&element(
        "link",
        &[
            optional("speed", UNSIGNED_INT),
            optional("state", LINK_STATE),
        ],
        &[],
    ))),
    Many(&One(&element("feature", &[required("name", FEATURE)], &[]))),
    Many(&One(&capability(&["80203", "80211"], &[]))),
];

const SCSI_HOST: &[Pattern] = &[
    One(&text("host", UNSIGNED_LONG)),
    Maybe(&One(&text("unique_id", UNSIGNED_INT))),
    Many(&Choice(&[
        One(&capability(
            &["fc_host"],
            &[
                One(&text("wwnn", WWN)),
                One(&text("wwpn", WWN)),
                Maybe(&One(&text("fabric_wwn", WWN))),
            ],
        )),
        One(&capability(
            &["vport_ops"],
            &[
                One(&text("max_vports", UNSIGNED_INT)),
                One(&text("vports", UNSIGNED_INT)),
            ],
        )),
    ])),
];

const SCSI_TARGET: &[Pattern] = &[
    One(&text("target", ANY)),
    Maybe(&One(&capability(
        &["fc_remote_port"],
        &[One(&text("rport", ANY)), One(&text("wwpn", WWN))],
    ))),
];

const SCSI: &[Pattern] = &[
    One(&text("host", UNSIGNED_LONG)),
    One(&text("bus", UNSIGNED_LONG)),
    One(&text("target", UNSIGNED_LONG)),
    One(&text("lun", UNSIGNED_LONG)),
    Maybe(&One(&text("type", ANY))),
];

const STORAGE: &[Pattern] = &[
    One(&text("block", PATH)),
    Maybe(&One(&text("bus", ANY))),
    Maybe(&One(&text("drive_type", ANY))),
    Maybe(&One(&text("model", ANY))),
    Maybe(&One(&text("vendor", ANY))),
    Maybe(&One(&text("serial", ANY))),
    Choice(&[
        One(&capability(
            &["removable"],
            &[
                One(&text("media_available", Words(&["0", "1"]))),
                One(&text("media_size", UNSIGNED_LONG)),
                Maybe(&One(&text("media_label", ANY))),
                BLOCKS,
            ],
        )),
        Group(&[One(&text("size", UNSIGNED_LONG)), BLOCKS]),
    ]),
    Maybe(&One(&capability(&["hotpluggable"], &[]))),
];

const BLOCKS: Pattern = Maybe(&Group(&[
    One(&text("logical_block_size", UNSIGNED_LONG)),
    One(&text("num_blocks", UNSIGNED_LONG)),
]));

const MDEV: &[Pattern] = &[Mixed(&[
    One(&element("type", &[required("id", ANY)], &[])),
    Maybe(&One(&element(
        "iommuGroup",
        &[required("number", UNSIGNED_INT)],
        &[],
    ))),
    Maybe(&One(&text("uuid", UUID))),
    Maybe(&One(&text("parent_addr", ANY))),
    Many(&One(&element(
        "attr",
        &[required("name", ANY), required("value", ANY)],
        &[],
    ))),
])];

const CCW_STATE: Pattern = Maybe(&One(&text("state", Words(&["online", "offline"]))));

const CCW_ADDRESS: Pattern = Mixed(&[
    One(&text("cssid", CSSID)),
    One(&text("ssid", SSID)),
    One(&text("devno", DEVNO)),
]);

const CCW: &[Pattern] = &[
    CCW_STATE,
    CCW_ADDRESS,
    Maybe(&One(&capability(
        &["ccwgroup_member"],
        &[One(&text("group_device", ANY))],
    ))),
];

const CCW_GROUP: &[Pattern] = &[
    CCW_STATE,
    CCW_ADDRESS,
    Maybe(&One(&element(
        "members",
        &[],
        &[Several(&One(&Rule {
            attributes: &[required("ref", ANY)],
            ..text("ccw_device", ANY)
        }))],
    ))),
    One(&capability(
        &["qeth_generic", "qeth_layer2", "qeth_layer3"],
        &[Mixed(&[
            One(&text("card_type", ANY)),
            One(&text("chpid", ANY)),
        ])],
    )),
];

const CSS: &[Pattern] = &[Mixed(&[
    CCW_ADDRESS,
    Maybe(&One(&element("channel_dev_addr", &[], &[CCW_ADDRESS]))),
    Maybe(&MDEV_TYPES),
])];
