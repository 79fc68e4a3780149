//! How it stands with each path of each client on one device of a user.

use std::collections::BTreeMap;

use super::rule::Rule;
use super::{CoverageLine, CoverageState};
use crate::same_name::host_label;
use crate::watch::coverage::blind::blind_spots;
use crate::watch::coverage::whose::Whose;
use crate::watch::coverage::{PATHS, PathSeen};

/// The devices of one user, whose rows `own` are.
pub(super) fn devices(own: &[PathSeen]) -> Vec<Device<'_>> {
    let mut devices: BTreeMap<String, Vec<&PathSeen>> = BTreeMap::new();
    for row in own.iter().filter(|row| !row.device.is_empty()) {
        devices
            .entry(host_label(&row.device))
            .or_default()
            .push(row);
    }
    let nobodys: Vec<&PathSeen> = own.iter().filter(|row| row.device.is_empty()).collect();
    if devices.is_empty() {
        return vec![Device {
            own: nobodys,
            nobodys: Vec::new(),
        }];
    }
    let all = devices.into_values().map(|own| Device {
        own,
        nobodys: nobodys.clone(),
    });
    all.collect()
}

/// One device of one user.
pub(super) struct Device<'a> {
    /// Its rows.
    pub(super) own: Vec<&'a PathSeen>,
    /// Rows of the user that name no device.
    pub(super) nobodys: Vec<&'a PathSeen>,
}

/// A client: its product and its version.
type Client<'a> = (&'a str, &'a str);

impl<'a> Device<'a> {
    /// User and device.
    pub(super) fn name(&self) -> Option<(&'a str, &'a str)> {
        let row = self.own.first()?;
        Some((&row.subject, &row.device))
    }

    /// Rows whose evidence counts for each client.
    fn shared(&self) -> impl Iterator<Item = &'a PathSeen> {
        let own = self.own.iter().filter(|row| row.product.is_empty());
        own.chain(&self.nobodys).copied()
    }

    /// The clients, by product; of each product the version in use first.
    fn clients(&self) -> Vec<Client<'a>> {
        let mut last: BTreeMap<Client<'a>, u32> = BTreeMap::new();
        for row in self.own.iter().filter(|row| !row.product.is_empty()) {
            let at = last.entry((&row.product, &row.version)).or_default();
            *at = row.last().max(*at);
        }
        if last.is_empty() {
            return vec![("", "")];
        }
        let mut clients: Vec<_> = last.into_iter().collect();
        clients.sort_by_key(|((product, _), at)| (*product, std::cmp::Reverse(*at)));
        clients.into_iter().map(|(client, _)| client).collect()
    }

    pub(super) fn lines(&self, rule: &Rule<'_>) -> Vec<CoverageLine> {
        let clients = self.clients();
        let mut lines = Vec::with_capacity(clients.len() * PATHS.len());
        for (number, client) in (0_usize..).zip(&clients) {
            let before = number.checked_sub(1).and_then(|at| clients.get(at));
            let is_past = before.is_some_and(|(product, _)| *product == client.0);
            let newest = self.newest(client.0);
            lines.extend(PATHS.map(|path| match is_past {
                true => self.past(rule, *client, path),
                false => self.line(rule, (*client, newest), path),
            }));
        }
        lines
    }

    /// When `product` was at work last. What names no client shows that, too, where the device has one
    /// only, or none of them told of anything in all that time.
    fn newest(&self, product: &str) -> u32 {
        let of_product = self.own.iter().filter(|row| &*row.product == product);
        let own = of_product.map(|row| row.at_work()).max();
        let own = own.unwrap_or_default();
        let mut products: Vec<_> = self.clients().iter().map(|(name, _)| *name).collect();
        products.dedup();
        let told = self.own.iter().map(|row| row.telemetry).max();
        let shared = self
            .shared()
            .map(PathSeen::at_work)
            .max()
            .unwrap_or_default();
        let is_unexplained = shared > told.unwrap_or_default().saturating_add(UNEXPLAINED_S);
        if products.len() < 2 || is_unexplained {
            own.max(shared)
        } else {
            own
        }
    }

    /// The line of the version in use of a client, which was at work last at `newest`.
    fn line(
        &self,
        rule: &Rule<'_>,
        (client, newest): (Client<'a>, u32),
        path: &str,
    ) -> CoverageLine {
        let (product, version) = client;
        let is_own = |row: &&PathSeen| &*row.product == product && &*row.version == version;
        let own = self.own.iter().copied().filter(is_own);
        let seen = self.sum(client, path, own.chain(self.shared()));
        // What an earlier version showed is not forgotten when a new one comes.
        let of_product = self
            .own
            .iter()
            .copied()
            .filter(|row| &*row.product == product);
        let known = self.sum(client, path, of_product.chain(self.shared()));
        let configured = rule.is_configured(path);
        let missing = match configured {
            Some(true) if known.last() > 0 => rule.missing(&known, newest),
            Some(_) | None => Vec::new(),
        };
        let is_seen = seen.last() > 0;
        let is_old = known.last() > 0 && newest.saturating_sub(known.told()) > rule.stale;
        let state = match configured {
            Some(true) if !missing.is_empty() => CoverageState::Red,
            None if is_old => CoverageState::Red,
            _ if !is_seen => CoverageState::Unseen,
            Some(false) => CoverageState::Extra,
            Some(true) | None => CoverageState::Green,
        };
        let told = known.telemetry;
        CoverageLine {
            blind_spots: blind_spots(path),
            last: seen.last(),
            state,
            untold: told > 0 && known.in_use() > told.saturating_add(UNEXPLAINED_S),
            stale: known.last() > 0 && (is_old || !is_seen),
            group: rule.group.map(|group| group.name.clone()),
            configured,
            members: None,
            missing,
            seen,
        }
    }

    /// The line of a version that is no longer in use.
    fn past(&self, rule: &Rule<'_>, client: Client<'a>, path: &str) -> CoverageLine {
        let (product, version) = client;
        let is_own = |row: &&PathSeen| &*row.product == product && &*row.version == version;
        let own = self.own.iter().copied().filter(is_own);
        let seen = self.sum(client, path, own);
        let is_seen = seen.last() > 0;
        CoverageLine {
            blind_spots: blind_spots(path),
            last: seen.last(),
            state: if is_seen {
                CoverageState::Past
            } else {
                CoverageState::Unseen
            },
            stale: is_seen,
            untold: false,
            group: rule.group.map(|group| group.name.clone()),
            configured: rule.is_configured(path),
            members: None,
            missing: Vec::new(),
            seen,
        }
    }

    /// What `rows` show of `path`, as the client's.
    pub(super) fn sum<'b>(
        &self,
        (product, version): Client<'_>,
        path: &str,
        rows: impl Iterator<Item = &'b PathSeen>,
    ) -> PathSeen {
        let (subject, device) = self.name().unwrap_or_default();
        let whose = Whose {
            subject,
            device,
            product,
            version,
        };
        let mut sum = PathSeen::of(whose, path);
        rows.filter(|row| &*row.path == path)
            .for_each(|row| sum.add(row));
        sum
    }
}

/// So long after all telemetry, flows to the model are no client's that told of them.
const UNEXPLAINED_S: u32 = 3_600;
