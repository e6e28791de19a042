//! Finding the boxes of a LETS on a node, each parsed and checked by the protocol library.

use std::collections::HashSet;
use std::time::Instant;

use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_node_client::{UnreadBox, UnspentQuery};
use lets_contracts::is_same_script;
use lets_protocol::{
    AccountBox, AccountNumber, ApplicationBox, CharterBox, CommonPot, Funding, Lets, NoteBox,
    OpenPotBox, PotBox, Present,
};

use super::books::InPool;
use super::unread::kept_unread;
use super::{LAG, PAUSE, Session};
use crate::error::CliError;
use crate::manifest::Manifest;

/// Which boxes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What can be spent now: with the pool's new boxes, without those spent there.
    Pool,
    /// The chain alone.
    Chain,
}

impl View {
    pub(super) fn query(self) -> UnspentQuery {
        match self {
            Self::Pool => UnspentQuery::SPENDABLE,
            Self::Chain => UnspentQuery::CONFIRMED,
        }
    }
}

/// Something found, and whether it is in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// What was found.
    pub it: T,
    /// False while its transaction waits in the pool.
    pub confirmed: bool,
}

impl Session {
    /// Unspent boxes with this token.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn boxes_with(
        &self,
        token: &TokenId,
        view: View,
    ) -> Result<Vec<Seen<ErgoBox>>, CliError> {
        let (found, unread) = self.all_with(token, view).await?;
        self.heed(&unread);
        Ok(found)
    }

    /// The same, and those that cannot be read.
    async fn all_with(
        &self,
        token: &TokenId,
        view: View,
    ) -> Result<(Vec<Seen<ErgoBox>>, Vec<UnreadBox>), CliError> {
        let mut unread = Vec::new();
        let found = self.listed_with(token, view, &mut unread).await?;
        let holds = |b: &ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == *token);
        Ok((self.with_own(found, view, holds), unread))
    }

    /// Unspent boxes with this script.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn boxes_at(
        &self,
        tree: &ErgoTree,
        view: View,
    ) -> Result<Vec<Seen<ErgoBox>>, CliError> {
        let found = self.listed_at(tree, view).await?;
        Ok(self.with_own(found, view, |b| is_same_script(&b.ergo_tree, tree)))
    }

    /// Lays what this session submitted itself over a node's answer, which may not show it yet.
    fn with_own(
        &self,
        mut seen: Vec<Seen<ErgoBox>>,
        view: View,
        wanted: impl Fn(&ErgoBox) -> bool,
    ) -> Vec<Seen<ErgoBox>> {
        if view == View::Pool {
            for own in &self.own {
                for made in own.made.iter().filter(|b| wanted(b)) {
                    if !seen.iter().any(|s| s.it.box_id() == made.box_id()) {
                        seen.push(Seen {
                            it: made.clone(),
                            confirmed: false,
                        });
                    }
                }
            }
            seen.retain(|s| {
                !self
                    .own
                    .iter()
                    .any(|own| own.spent.contains(&s.it.box_id()))
            });
        }
        seen
    }

    /// The boxes of a key's wallet that may pay for a transaction, and the way back for change. Boxes that this wallet
    /// has received from the pool count.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn wallet(&self, tree: &ErgoTree) -> Result<Funding, CliError> {
        let boxes = self.boxes_at(tree, View::Pool).await?;
        Ok(Funding {
            boxes: boxes.into_iter().map(|s| s.it).collect(),
            change: tree.clone(),
        })
    }

    /// The one box with a singleton token. Asks again while the view may be torn.
    async fn singleton(
        &self,
        what: &'static str,
        token: TokenId,
        view: View,
    ) -> Result<Seen<ErgoBox>, CliError> {
        let deadline = Instant::now() + LAG;
        loop {
            let (mut found, mut unread) = self.all_with(&token, view).await?;
            match (found.len(), found.pop()) {
                (1, Some(one)) => return Ok(one),
                (0, _) if !unread.is_empty() => {
                    let unread = Box::new(unread.swap_remove(0));
                    return Err(CliError::Unreadable { what, unread });
                }
                // Neither minted in a block nor being minted by this session: it is not of this chain.
                (0, _) if self.own.is_empty() && self.minted(&token).await?.is_none() => {
                    return Err(self.not_on_chain(what, &token));
                }
                (0, _) if Instant::now() >= deadline => return Err(self.not_on_chain(what, &token)),
                (found, _) if Instant::now() >= deadline => {
                    return Err(CliError::NotUnique {
                        what,
                        token: String::from(token),
                        found,
                    });
                }
                _ => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn not_on_chain(&self, what: &'static str, token: &TokenId) -> CliError {
        CliError::NotOnChain {
            what,
            token: String::from(*token),
            url: self.client.url().to_owned(),
        }
    }

    /// The charter.
    ///
    /// # Errors
    /// [`CliError::NotOnChain`], [`CliError::NotUnique`], [`CliError::Box`], [`CliError::Node`].
    pub async fn charter(&self, lets: &Lets, view: View) -> Result<CharterBox, CliError> {
        let token = lets.ids().charter_nft.into();
        let found = self.singleton("charter", token, view).await?;
        Ok(CharterBox::parse(lets, &found.it)?)
    }

    /// The common pot, a committee's or an open one.
    ///
    /// # Errors
    /// As [`Session::charter`].
    pub async fn pot(&self, lets: &Lets, view: View) -> Result<CommonPot, CliError> {
        let token = lets.ids().pot_nft.into();
        let found = self.singleton("pot", token, view).await?;
        Ok(CommonPot::parse(lets, &found.it)?)
    }

    /// The pot of a LETS with a committee.
    ///
    /// # Errors
    /// [`CliError::NoCommittee`]; as [`Session::charter`].
    pub async fn committee_pot(&self, lets: &Lets, view: View) -> Result<PotBox, CliError> {
        match self.pot(lets, view).await? {
            CommonPot::Committee(pot) => Ok(*pot),
            CommonPot::Open(_) => Err(CliError::NoCommittee),
        }
    }

    /// The pot of a LETS that anybody joins by himself.
    ///
    /// # Errors
    /// [`CliError::NotOpen`]; as [`Session::charter`].
    pub async fn open_pot(&self, lets: &Lets, view: View) -> Result<OpenPotBox, CliError> {
        match self.pot(lets, view).await? {
            CommonPot::Open(pot) => Ok(*pot),
            CommonPot::Committee(_) => Err(CliError::NotOpen),
        }
    }

    /// All accounts, in the order of their numbers, their scripts as bytes: of very many only a few are ever spent.
    ///
    /// A box with the account's script that does not parse is a fault: no such box can come from this LETS's pot.
    ///
    /// # Errors
    /// [`CliError::Box`], [`CliError::Node`]; [`CliError::NotUnique`] when one account stands in two boxes for longer
    /// than views lag.
    pub async fn accounts(
        &self,
        lets: &Lets,
        view: View,
    ) -> Result<Vec<Seen<AccountBox>>, CliError> {
        let deadline = Instant::now() + LAG;
        loop {
            let found = self.boxes_with(&lets.ids().membership.into(), view).await?;
            let script = &lets.contracts().account;
            // Each box goes when it has been read.
            let mut accounts = found
                .into_iter()
                .filter(|s| script.is(&s.it.ergo_tree))
                .map(|s| {
                    Ok(Seen {
                        it: AccountBox::parse(lets, &s.it)?,
                        confirmed: s.confirmed,
                    })
                })
                .collect::<Result<Vec<_>, CliError>>()?;
            accounts.sort_by_key(|a| a.it.number());
            let twice = accounts
                .windows(2)
                .find(|pair| pair[0].it.number() == pair[1].it.number());
            let Some(twice) = twice else {
                return Ok(accounts);
            };
            if Instant::now() >= deadline {
                return Err(CliError::NotUnique {
                    what: "account",
                    token: twice[0].it.number().to_string(),
                    found: 2,
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The account of this number.
    ///
    /// # Errors
    /// [`CliError::NoSuchAccount`]; as [`Session::accounts`].
    pub async fn account(
        &self,
        lets: &Lets,
        number: AccountNumber,
        name: &str,
    ) -> Result<Seen<AccountBox>, CliError> {
        match self
            .singleton("account", number.token_id(), View::Pool)
            .await
        {
            Ok(found) => Ok(Seen {
                it: AccountBox::parse(lets, &found.it)?,
                confirmed: found.confirmed,
            }),
            Err(CliError::NotOnChain { .. }) => Err(CliError::NoSuchAccount {
                number: number.to_string(),
                lets: name.to_owned(),
            }),
            Err(e) => Err(e),
        }
    }

    /// All payment notes. A box with the note's script that is no note of this LETS is passed over: anybody can make one.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn notes(&self, lets: &Lets, view: View) -> Result<Vec<Seen<NoteBox>>, CliError> {
        let found = self.boxes_at(lets.contracts().note.tree(), view).await?;
        let notes = found.iter().filter_map(|s| {
            Some(Seen {
                it: NoteBox::parse(lets, &s.it).ok()?,
                confirmed: s.confirmed,
            })
        });
        Ok(notes.collect())
    }

    /// Open applications to this LETS, oldest first. All LETS share the application's script, so boxes that belong to
    /// others, or to nobody, are passed over.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn applications(&self, lets: &Lets) -> Result<Vec<Seen<ApplicationBox>>, CliError> {
        let found = self
            .boxes_at(lets.contracts().application.tree(), View::Pool)
            .await?;
        let mut applications: Vec<Seen<ApplicationBox>> = found
            .iter()
            .filter_map(|s| {
                let it = ApplicationBox::parse(lets, &s.it).ok()?;
                Some(Seen {
                    it,
                    confirmed: s.confirmed,
                })
            })
            .collect();
        applications.sort_by_key(|a| {
            let b = a.it.ergo_box();
            (b.creation_height, String::from(b.box_id()))
        });
        Ok(applications)
    }

    /// All unspent boxes that hold a token of the LETS, in one look; out of a ledger a box at a time, for there may be very many.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn present(&self, lets: &Lets, view: View) -> Result<PresentSeen, CliError> {
        let mut seen = PresentSeen::default();
        for token in lets.tokens() {
            let (found, unread) = self.all_with(&token, view).await?;
            // The first answer may have been that there is no index.
            if let Some(kept) = self.kept_present(lets, view).await? {
                return Ok(kept);
            }
            found.iter().for_each(|found| seen.add(lets, found));
            if view == View::Pool {
                self.heed(&unread);
            }
            for unread in unread {
                seen.present.add_unread(unread.box_id, unread.to_string());
            }
        }
        Ok(seen.sorted())
    }

    /// The same out of the ledger; `None` if the session reads from none.
    async fn kept_present(&self, lets: &Lets, view: View) -> Result<Option<PresentSeen>, CliError> {
        // The ledger goes past no block that the pool was seen before: what went from there into one is there.
        let pool = match view {
            View::Pool if self.keeps() => {
                let tokens = lets.tokens();
                let holds = |b: &ErgoBox| {
                    let mut held = b.tokens.iter().flatten();
                    held.any(|t| tokens.contains(&t.token_id))
                };
                self.in_pool(holds).await?
            }
            _ => InPool::default(),
        };
        let Some(ledger) = self.ledger().await? else {
            return Ok(None);
        };
        let own = self.own.iter().filter(|_| view == View::Pool);
        let mut spent = pool.spent;
        spent.extend(own.clone().flat_map(|own| own.spent.iter().copied()));
        let there = |id: &BoxId| !spent.contains(id);
        let mut seen = PresentSeen::default();
        ledger.unspent(|it| {
            if there(&it.box_id()) {
                seen.present.add(lets, &it);
            }
        })?;
        for unread in kept_unread(&ledger)? {
            if there(&unread.box_id) {
                seen.present.add_unread(unread.box_id, unread.to_string());
            }
        }
        let made = own.flat_map(|own| own.made.iter().cloned());
        for it in made.chain(pool.made).filter(|it| there(&it.box_id())) {
            let confirmed = false;
            seen.add(lets, &Seen { it, confirmed });
        }
        Ok(Some(seen.sorted()))
    }

    /// The same. While the view is torn (a box in neither place, or in both) they do not add up: then they are asked for again, as
    /// long as views may lag; what comes out last is returned as it is.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn settled(
        &self,
        lets: &Lets,
        manifest: &Manifest,
        view: View,
    ) -> Result<PresentSeen, CliError> {
        let deadline = Instant::now() + LAG;
        let supply = manifest.supply;
        loop {
            let seen = self.present(lets, view).await?;
            let whole = seen.present.faults.is_empty() && seen.present.charters.len() == 1;
            let fits = seen.present.check(supply.units, supply.memberships);
            let fits = fits.is_some_and(|fits| fits.is_ok());
            if (whole && fits) || Instant::now() >= deadline {
                return Ok(seen);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// All unspent boxes of a LETS, and which of them no block holds yet.
#[derive(Debug, Clone, Default)]
pub struct PresentSeen {
    /// The boxes.
    pub present: Present,
    waiting: HashSet<BoxId>,
}

impl PresentSeen {
    /// Whether the box is in a block.
    pub fn confirmed(&self, id: &BoxId) -> bool {
        !self.waiting.contains(id)
    }

    fn add(&mut self, lets: &Lets, seen: &Seen<ErgoBox>) {
        let id = seen.it.box_id();
        if !seen.confirmed && !self.present.ids.contains(&id) {
            self.waiting.insert(id);
        }
        self.present.add(lets, &seen.it);
    }

    fn sorted(self) -> Self {
        Self {
            present: self.present.sorted(),
            ..self
        }
    }
}
