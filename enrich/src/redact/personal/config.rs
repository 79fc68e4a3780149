//! The `[redact.personal]` section: which personal data is masked, and why the rest is kept.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// A class of personal data that can be masked or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PersonalClass {
    Email,
    Phone,
    PaymentCard,
    Iban,
    NationalId,
    IpAddress,
}

/// What becomes of a class of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// It is masked.
    #[default]
    Mask,
    /// It stays, for this reason, which `magistrate check` prints.
    Keep(String),
}

/// Which personal data is masked. Each key takes `"mask"` or `{ keep = "the reason" }`: nothing is
/// kept without a recorded reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonalConfig {
    /// Local parts of e-mail addresses; domains stay in any case. Default: masked.
    pub email: Choice,
    /// Phone numbers. Default: masked.
    pub phone: Choice,
    /// Numbers of payment cards. Default: masked.
    pub payment_card: Choice,
    /// Bank accounts. Default: masked.
    pub iban: Choice,
    /// National ids: social security, tax and identity numbers. Default: masked.
    pub national_id: Choice,
    /// IP addresses in content. Default: kept, because they are needed to correlate with proxy
    /// logs.
    pub ip_address: Choice,
}

/// Why IP addresses stay when the configuration says nothing.
const IP_ADDRESS_REASON: &str = "needed to correlate with proxy logs";
/// A reason is a sentence or two.
const MAX_REASON_LEN: usize = 1000;

impl Default for PersonalConfig {
    fn default() -> Self {
        Self {
            email: Choice::Mask,
            phone: Choice::Mask,
            payment_card: Choice::Mask,
            iban: Choice::Mask,
            national_id: Choice::Mask,
            ip_address: Choice::Keep(IP_ADDRESS_REASON.to_owned()),
        }
    }
}

impl PersonalConfig {
    /// The classes that are kept, by their keys, with the reasons.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("email", &self.email),
            ("phone", &self.phone),
            ("payment_card", &self.payment_card),
            ("iban", &self.iban),
            ("national_id", &self.national_id),
            ("ip_address", &self.ip_address),
        ]
        .into_iter()
        .filter_map(|(key, choice)| match choice {
            Choice::Mask => None,
            Choice::Keep(reason) => Some((key, reason.as_str())),
        })
    }
}

/// Which classes are on, in the form in which a scan asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switches(u8);

impl Switches {
    /// Nothing is looked for.
    pub(crate) const ALL_OFF: Self = Self(0);

    pub(crate) fn new(config: &PersonalConfig) -> Self {
        let choices = [
            (PersonalClass::Email, &config.email),
            (PersonalClass::Phone, &config.phone),
            (PersonalClass::PaymentCard, &config.payment_card),
            (PersonalClass::Iban, &config.iban),
            (PersonalClass::NationalId, &config.national_id),
            (PersonalClass::IpAddress, &config.ip_address),
        ];
        let on = choices
            .into_iter()
            .filter(|(_, choice)| **choice == Choice::Mask)
            .map(|(class, _)| bit(class));
        Self(on.fold(0, |bits, bit| bits | bit))
    }

    /// Whether `class` is masked.
    pub(crate) const fn masks(self, class: PersonalClass) -> bool {
        self.0 & bit(class) != 0
    }

    /// Whether something is masked that is found by its digits.
    pub(crate) const fn masks_numbers(self) -> bool {
        self.masks(PersonalClass::Phone)
            || self.masks(PersonalClass::PaymentCard)
            || self.masks(PersonalClass::Iban)
            || self.masks(PersonalClass::NationalId)
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self::new(&PersonalConfig::default())
    }
}

const fn bit(class: PersonalClass) -> u8 {
    1 << class as u8
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

/// What to write instead of a bare `"keep"`.
const NEEDS_REASON: &str =
    "personal data is kept only for a reason: write { keep = \"why it is needed\" }";

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = Choice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"mask\" or { keep = \"why it is needed\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Choice, E> {
        match text {
            "mask" => Ok(Choice::Mask),
            "keep" => Err(E::custom(NEEDS_REASON)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
        let mut choice = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "keep" {
                return Err(de::Error::unknown_field(&key, &["keep"]));
            }
            let reason: String = map.next_value()?;
            if reason.trim().is_empty() {
                return Err(de::Error::custom(NEEDS_REASON));
            }
            if reason.len() > MAX_REASON_LEN {
                let fault = format!("the reason has more than {MAX_REASON_LEN} bytes");
                return Err(de::Error::custom(fault));
            }
            choice = Some(Choice::Keep(reason));
        }
        choice.ok_or_else(|| de::Error::custom(NEEDS_REASON))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_kept_only_with_a_reason() {
        let config: PersonalConfig =
            toml::from_str("email = { keep = \"SOC needs addresses\" }\nphone = \"mask\"").unwrap();
        let kept: Vec<_> = config.kept().collect();
        assert_eq!(
            kept,
            [
                ("email", "SOC needs addresses"),
                ("ip_address", IP_ADDRESS_REASON)
            ]
        );
        for (text, wanted) in [
            ("email = \"keep\"", "write { keep = "),
            ("email = { keep = \" \" }", "write { keep = "),
            ("email = {}", "write { keep = "),
            ("email = \"drop\"", "expected \"mask\" or { keep = "),
            ("email = 1", "expected \"mask\" or { keep = "),
            ("email = { keeps = \"x\" }", "unknown field `keeps`"),
            ("mail = \"mask\"", "unknown field `mail`"),
        ] {
            let error = toml::from_str::<PersonalConfig>(text)
                .unwrap_err()
                .to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        let long = format!("email = {{ keep = \"{}\" }}", "x".repeat(1001));
        assert!(toml::from_str::<PersonalConfig>(&long).is_err());
    }

    #[test]
    fn switches_follow_the_choices() {
        let switches = Switches::default();
        assert!(switches.masks(PersonalClass::Email) && switches.masks_numbers());
        assert!(!switches.masks(PersonalClass::IpAddress));
        assert!(!Switches::ALL_OFF.masks_numbers());
    }
}
