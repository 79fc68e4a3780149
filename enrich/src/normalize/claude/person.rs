//! Puts the names of the user into the columns that keep them apart.

use magistrate_event::Field;

use crate::normalize::draft::Draft;
use crate::normalize::keys::{self, Key};
use crate::normalize::otlp::attributes::Attributes;

/// What is the same for all records of a session, mostly.
const STEADY: [Key; 7] = [
    keys::USER_ID,
    keys::SESSION_ID,
    keys::ORGANIZATION_ID,
    keys::USER_EMAIL,
    keys::ACCOUNT_UUID,
    keys::ACCOUNT_ID,
    keys::TERMINAL_TYPE,
];

/// Fills the columns of whose session it is. They stand before what the record says, so that the
/// texts of a session's events begin alike: the redactor searches that part once.
pub(crate) fn session(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    for key in STEADY {
        let value = attributes.get(key).zip(key.field());
        if value.is_some_and(|(value, field)| draft.any(field, value)) {
            attributes.take(key);
        }
    }
}

/// Fills `actor.user` and what identifies device and product beside plain attributes.
///
/// `enduser.id` is an address in some deployments and an opaque subject in others. Without
/// `user.id` the next best id stands in for it, so that every row of a known user has one.
pub(crate) fn identity(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    if let Some(enduser) = attributes.text(keys::ENDUSER_ID) {
        let email = attributes.text(keys::USER_EMAIL);
        let stored = if enduser.contains('@') {
            if email.is_none() {
                draft.text(Field::AuthUserEmail, enduser);
            }
            email == Some(enduser) || email.is_none() && draft.text(Field::UserEmail, enduser)
        } else {
            attributes.get(keys::ACCOUNT_ID).is_none() && draft.text(Field::UserUidAlt, enduser)
        };
        if stored {
            attributes.take(keys::ENDUSER_ID);
        }
    }
    if attributes.text(keys::USER_ID).is_none() {
        let stand_ins = [
            keys::ENDUSER_ID,
            keys::ACCOUNT_UUID,
            keys::ACCOUNT_ID,
            keys::USER_EMAIL,
        ];
        if let Some(id) = stand_ins.into_iter().find_map(|key| attributes.text(key)) {
            draft.text(Field::UserUid, id);
            // Who was authenticated is the same person.
            draft.text(Field::AuthUserUid, id);
        }
    }
    if let Some(os) = attributes.text(keys::OS_TYPE) {
        draft.int(Field::DeviceOsTypeId, os_type_id(os));
    }
    let version = attributes.get(keys::SERVICE_VERSION);
    if version.is_some() {
        super::move_to(
            Field::ProductVersion,
            keys::SERVICE_VERSION,
            attributes,
            draft,
        );
        if attributes.get(keys::APP_VERSION) == version {
            attributes.take(keys::APP_VERSION);
        }
    }
}

/// OCSF's `device.os.type_id` for OpenTelemetry's `os.type`.
fn os_type_id(os: &str) -> i64 {
    match os {
        "windows" => 100,
        "linux" => 200,
        "darwin" => 300,
        "aix" => 401,
        "solaris" => 402,
        "" => 0,
        _ => 99,
    }
}
