//! `lets liquidate`: debts under the margin are called, and those whose grace is over are paid for their collateral; once, or
//! with every block. While the oracle is dead, whoever could draw credit is frozen.

use std::time::Duration;

use lets_protocol::rules::most_payable;
use lets_protocol::rules::open as rules;
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Lets, Mark, NanoErg, Proposal, call, freeze, liquidate,
};
use lets_wallet::LocalSigner;
use serde::Serialize;

use super::{Ground, send, signer};
use crate::args::LiquidateArgs;
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Seen, Sent, Session, View};

/// Pause between two looks: a block takes about two minutes.
const PAUSE: Duration = Duration::from_secs(2);

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Todo {
    /// Call this debt.
    Call(AccountNumber),
    /// Let this account draw no credit while the oracle is dead.
    Freeze(AccountNumber),
    /// Pay so much of it.
    Pay(AccountNumber, Amount),
}

/// Something that was done.
#[derive(Serialize)]
struct DoneJson {
    /// `called`, `frozen` or `liquidated`.
    what: &'static str,
    name: String,
    account: AccountNumber,
    /// What was paid of the debt.
    amount: Option<String>,
    /// The collateral that came for it.
    nanoerg: Option<u64>,
    transaction: Sent,
}

/// Whoever looks after debts: his account pays, his wallet pays the fees and gets the collateral.
struct Watcher<'a> {
    env: &'a Env<'a>,
    group: &'a Group,
    args: &'a LiquidateArgs,
    key: &'a Key,
    /// What he may still pay.
    left: Option<Amount>,
}

impl Watcher<'_> {
    fn lets(&self) -> &Lets {
        &self.group.lets
    }

    /// His account; `None` if he has none: then he calls, and pays nothing.
    fn payer<'a>(
        &self,
        accounts: &'a [Seen<AccountBox>],
    ) -> Result<Option<&'a AccountBox>, CliError> {
        match self
            .group
            .owned(self.key, self.args.own.from.as_deref(), accounts)
        {
            Ok(found) => Ok(Some(&found.it)),
            Err(CliError::NoAccount { .. }) if self.args.own.from.is_none() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What there is to do now: the largest debts first.
    async fn plan(&self, session: &Session) -> Result<Vec<Todo>, CliError> {
        let currency = &self.group.manifest.currency;
        let ground = Ground::now(session, self.lets(), self.args.spend.fee).await?;
        rules::check_kind(&ground.pot, lets_protocol::Kind::Lets1, "a liquidation")
            .map_err(|e| CliError::open(e.into(), currency))?;
        let (policy, height) = (ground.policy(), ground.params.height);
        let accounts = session.accounts(self.lets(), View::Pool).await?;
        let mut debtors: Vec<&AccountBox> = match &self.args.who {
            Some(who) => vec![&self.group.resolve(who, &accounts)?.it],
            None => accounts.iter().map(|a| &a.it).collect(),
        };
        if ground.is_dead() {
            // Whoever has a line could draw more against ERG of which nobody knows the worth.
            debtors.retain(|a| a.terms().line > Amount::ZERO && Mark::of(a.terms()).is_none());
            return Ok(debtors.iter().map(|a| Todo::Freeze(a.number())).collect());
        }
        let quote = ground.pressing(currency)?;
        let payer = self.payer(&accounts)?;
        if self.args.who.is_none() {
            // Nobody means himself.
            debtors.retain(|a| payer.is_none_or(|own| own.number() != a.number()));
        }
        let (mut debtors, rest): (Vec<&AccountBox>, Vec<_>) = debtors
            .into_iter()
            .partition(|a| rules::check_under(policy, &quote, a).is_ok());
        debtors.sort_by_key(|a| std::cmp::Reverse(a.balance().debt()));
        let mut spent = Amount::ZERO;
        let mut todo = Vec::new();
        for debtor in debtors {
            let call = Mark::Called(height);
            match rules::check_unmarked(policy, debtor, call, height) {
                Ok(()) => todo.push(Todo::Call(debtor.number())),
                Err(_) => {
                    let Some(payer) = payer.filter(|p| p.number() != debtor.number()) else {
                        continue;
                    };
                    let able =
                        most_payable(payer, Amount::ZERO, height, Some(debtor.terms().class));
                    let able = self.left.map_or(able, |left| left.min(able));
                    let left = Amount::clamped(able.units() - spent.units());
                    let units = rules::worth_paying(policy, &quote, debtor, left);
                    if rules::check_liquidation(policy, &quote, debtor, units, height).is_ok() {
                        spent = Amount::clamped(spent.units() + units.units());
                        todo.push(Todo::Pay(debtor.number(), units));
                    }
                }
            }
        }
        // Lines that nobody has drawn yet, and that their ERG does not carry any more.
        let (pot, oracle) = (&ground.pot, ground.oracle.as_ref());
        let uncovered = rest.into_iter().filter(|a| {
            Mark::of(a.terms()).is_none() && rules::check_freeze(pot, oracle, a, height).is_ok()
        });
        todo.extend(uncovered.map(|a| Todo::Freeze(a.number())));
        Ok(todo)
    }

    fn line(&self, todo: &Todo) -> (&'static str, String) {
        let currency = &self.group.manifest.currency;
        match todo {
            Todo::Call(number) => ("call", self.group.name_by_number(number)),
            Todo::Freeze(number) => (
                "freeze",
                format!(
                    "{}: the oracle is dead, and it could draw credit",
                    self.group.name_by_number(number)
                ),
            ),
            Todo::Pay(number, units) => (
                "pay",
                format!(
                    "{} {} of the debt of {}, for its collateral",
                    currency.show(*units),
                    currency.code(),
                    self.group.name_by_number(number)
                ),
            ),
        }
    }

    /// Does it, on the boxes as they are at that moment. `None` if somebody else has done it.
    async fn carry_out(
        &mut self,
        session: &mut Session,
        signer: &LocalSigner,
        todo: Todo,
    ) -> Result<Option<DoneJson>, CliError> {
        let (lets, group) = (&self.group.lets, self.group);
        let currency = &group.manifest.currency;
        let wallet = self.key.tree()?;
        let fee = self.args.spend.fee;
        let number = match todo {
            Todo::Call(number) | Todo::Freeze(number) | Todo::Pay(number, _) => number,
        };
        let build = async |session: &Session| -> Result<(Proposal, NanoErg), CliError> {
            let ground = Ground::now(session, lets, fee).await?;
            let funding = session.wallet(&wallet).await?;
            let name = &group.manifest.name;
            let debtor = session.account(lets, number, name).await?.it;
            let fault = |e| CliError::open(e, currency);
            match todo {
                Todo::Call(_) => {
                    let (proposal, ..) = call(ground.at(lets), &debtor, &funding).map_err(fault)?;
                    Ok((proposal, NanoErg(0)))
                }
                Todo::Freeze(_) => {
                    let (proposal, ..) =
                        freeze(ground.at(lets), &debtor, &funding).map_err(fault)?;
                    Ok((proposal, NanoErg(0)))
                }
                Todo::Pay(_, units) => {
                    let accounts = session.accounts(lets, View::Pool).await?;
                    let from = self.args.own.from.as_deref();
                    let payer = &group.owned(self.key, from, &accounts)?.it;
                    let made = liquidate(ground.at(lets), &debtor, payer, units, &funding)
                        .map_err(fault)?;
                    Ok((made.proposal, made.taken))
                }
            }
        };
        let worse = |agreed: &NanoErg, now: &NanoErg| now < agreed;
        let done = match build(session).await {
            Ok(first) => send(session, signer, first, &build, worse).await,
            Err(e) => Err(e),
        };
        let (sent, taken) = match done {
            Ok(done) => done,
            // Called, paid or mended meanwhile.
            Err(CliError::OpenRule { .. } | CliError::Worse | CliError::NoSuchAccount { .. }) => {
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        let (what, units) = match todo {
            Todo::Call(_) => ("called", None),
            Todo::Freeze(_) => ("frozen", None),
            Todo::Pay(_, units) => ("liquidated", Some(units)),
        };
        if let (Some(left), Some(units)) = (&mut self.left, units) {
            *left = Amount::clamped(left.units() - units.units());
        }
        Ok(Some(DoneJson {
            what,
            name: group.name_by_number(&number),
            account: number,
            amount: units.map(|u| currency.show(u)),
            nanoerg: units.map(|_| taken.0),
            transaction: sent,
        }))
    }

    fn words(&self, done: &DoneJson) -> String {
        let what = match (&done.amount, done.nanoerg) {
            (Some(amount), Some(taken)) => format!(
                "{amount} {} of the debt of {} paid for {}",
                self.group.manifest.currency.code(),
                done.name,
                NanoErg(taken)
            ),
            _ if done.what == "frozen" => format!("{} draws no credit now", done.name),
            _ => format!("the debt of {} is called", done.name),
        };
        format!(
            "{what}\ntransaction  {} ({})",
            String::from(done.transaction.id),
            whereabouts(&done.transaction)
        )
    }
}

fn watcher<'a>(
    env: &'a Env<'a>,
    group: &'a Group,
    args: &'a LiquidateArgs,
    key: &'a Key,
) -> Result<Watcher<'a>, CliError> {
    let currency = &group.manifest.currency;
    let left = args
        .most
        .as_ref()
        .map(|text| currency.parse(text))
        .transpose()?;
    Ok(Watcher {
        env,
        group,
        args,
        key,
        left,
    })
}

pub(in crate::commands) async fn run(
    env: &Env<'_>,
    args: LiquidateArgs,
) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.own.key.key.as_deref())?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let mut watcher = watcher(env, &group, &args, &key)?;
    #[derive(Serialize)]
    struct Done {
        done: Vec<DoneJson>,
    }
    let todo = watcher.plan(&session).await?;
    if todo.is_empty() {
        let text = "no debt can be called or paid now: `lets health` shows each";
        return Report::new(&Done { done: Vec::new() }, text);
    }
    let mut preview = Preview::new(format!("Look after debts in {:?}", group.manifest.name));
    for one in &todo {
        let (what, text) = watcher.line(one);
        preview.add(what, text);
    }
    let preview = preview.line(
        "fee",
        format!(
            "{} for each of {} transactions, from the wallet of {:?}",
            args.spend.fee,
            todo.len(),
            key.name
        ),
    );
    if let Some(shown) = env.consent(preview, &args.spend)? {
        return Ok(shown);
    }
    let signer = signer(&[&key], &args.spend)?;
    let mut done = Vec::new();
    for one in todo {
        match watcher.carry_out(&mut session, &signer, one).await? {
            Some(one) => done.push(one),
            None => env.out.note(&format!(
                "note: somebody came first: {}",
                watcher.line(&one).1
            )),
        }
    }
    if !args.spend.no_wait {
        let mut sent: Vec<Sent> = done.iter().map(|d| d.transaction.clone()).collect();
        env.wait_for_block(&session, &mut sent).await?;
        for (one, sent) in done.iter_mut().zip(sent) {
            one.transaction = sent;
        }
    }
    let text: Vec<String> = done.iter().map(|d| watcher.words(d)).collect();
    Report::new(&Done { done }, text.join("\n"))
}

/// With every block, until the height asked for; without end if none was.
pub(in crate::commands) async fn watch(env: &Env<'_>, args: LiquidateArgs) -> Result<(), CliError> {
    let key = Key::choose(&env.home, args.own.key.key.as_deref())?;
    let (group, mut session) = env.open().await?;
    let mut watcher = watcher(env, &group, &args, &key)?;
    let currency = &group.manifest.currency;
    let most = match watcher.left {
        Some(most) => format!("{} {} in all", currency.show(most), currency.code()),
        None => "what your account can pay".to_owned(),
    };
    let preview = Preview::new(format!(
        "Look after the debts in {:?} with every block",
        group.manifest.name
    ))
    .line("call", "every debt under the margin")
    .line(
        "pay",
        format!("{most}, for collateral at the policy's discount"),
    )
    .line(
        "fee",
        format!(
            "{} for each transaction, from the wallet of {:?}",
            args.spend.fee, key.name
        ),
    );
    if let Some(shown) = env.consent(preview, &args.spend)? {
        env.out.report(&shown);
        return Ok(());
    }
    let signer = signer(&[&key], &args.spend)?;
    let mut seen = None;
    loop {
        match watcher.look(&mut session, &signer, &mut seen).await {
            Ok(()) => {}
            // Whoever watches goes on: a rate may come back, and a node too.
            Err(
                e @ (CliError::Node(_)
                | CliError::Submit(_)
                | CliError::OpenRule { .. }
                | CliError::NotUnique { .. }),
            ) => env.out.note(&format!("note: {e}")),
            Err(e) => return Err(e),
        }
        if let (Some(to), Some(seen)) = (args.to, seen)
            && seen >= to
        {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Watcher<'_> {
    /// Does what there is to do, if there is a block that was not `seen` yet.
    async fn look(
        &mut self,
        session: &mut Session,
        signer: &LocalSigner,
        seen: &mut Option<u32>,
    ) -> Result<(), CliError> {
        let height = session.height().await?.0;
        if *seen == Some(height) {
            return Ok(());
        }
        // What is in blocks by now is the node's to tell.
        *session = self
            .env
            .session_of(&self.group.manifest, &self.group.lets)?;
        *seen = Some(height);
        let _lock = self.env.lock(&self.args.spend)?;
        for todo in self.plan(session).await? {
            let Some(done) = self.carry_out(session, signer, todo).await? else {
                continue;
            };
            match self.env.out.is_json() {
                true => self.env.out.plain(&serde_json::to_string(&done)?),
                false => self.env.out.plain(&self.words(&done)),
            }
        }
        Ok(())
    }
}
