//! The loan rules against payments in many small pieces, directly and by notes in turn, each piece on the boxes that the one
//! before has left. After every piece the twin says the most that the next may be; one more is refused by it and by the
//! script, whichever way it is paid.

use super::*;

/// How a piece is paid.
#[derive(Debug, Clone, Copy)]
enum Way {
    Direct,
    Note,
}

const WAYS: [Way; 2] = [Way::Direct, Way::Note];

/// A payer and a payee as their payments leave them.
struct Pieces {
    m: Members,
    payer: AccountBox,
    payee: AccountBox,
    notes: Vec<NoteBox>,
}

impl Pieces {
    /// The first member at this balance on these terms pays the second, of class 3.
    fn of(balance: i64, terms: &[(usize, i64)], classes: &[i64]) -> Self {
        let m = Members::of(10);
        let payer = member(&m, 0, balance, terms, classes);
        let payee = member(&m, 1, 0, &[(8, 3)], &[]);
        Self {
            m,
            payer,
            payee,
            notes: Vec::new(),
        }
    }

    fn build(&self, payer: &AccountBox, payee: &AccountBox, way: Way, units: i64) -> Built {
        let payment = match way {
            Way::Direct => direct(payee, units),
            Way::Note => by_note(&self.m, payee, units),
        };
        let params = self.m.world.params();
        pay(
            &self.m.world.lets,
            Spender::new(payer),
            vec![payment],
            params,
        )
    }

    /// A piece that both interpreters accept.
    #[track_caller]
    fn pays(&mut self, way: Way, units: i64) {
        let trade = self.build(&self.payer, &self.payee, way, units).unwrap();
        signed(&self.m, &trade, &[0]).accepted();
        self.payer = trade.leader;
        self.payee = trade
            .others
            .into_iter()
            .next()
            .unwrap_or(self.payee.clone());
        self.notes.extend(trade.notes);
    }

    /// The next piece may be no more than this, whichever way it is paid.
    #[track_caller]
    fn most(&self, units: i64, rule: &str) {
        let payee = self.payee.clone();
        self.most_to(&payee, units, rule);
    }

    /// As [`Pieces::most`], to another payee.
    #[track_caller]
    fn most_to(&self, payee: &AccountBox, units: i64, rule: &str) {
        for way in WAYS {
            let violation = refusal(self.build(&self.payer, payee, way, units + 1));
            assert_eq!(violation.rule(), rule, "{way:?}");
            assert_eq!(violation.most(), Some(amount(units)), "{way:?}");
            let free = [&self.payer, payee].map(|a| lenient(&self.m, a));
            let past = self.build(&free[0], &free[1], way, units + 1).unwrap();
            let strict = [self.payer.clone(), payee.clone()];
            let strict = match way {
                Way::Direct => &strict[..],
                Way::Note => &strict[..1],
            };
            let past = under(&self.m, signed(&self.m, &past, &[0]), strict);
            match (way, rule) {
                // The note carries the classes, and whoever is not of them cannot claim it.
                (Way::Note, "payee_class") => self.unclaimable(&past, payee),
                _ => past.refused_at(0),
            }
        }
    }

    #[track_caller]
    fn unclaimable(&self, past: &Case, payee: &AccountBox) {
        past.accepted();
        let note = [NoteBox::parse(&self.m.world.lets, &past.made(1)).unwrap()];
        assert_eq!(note[0].spend_on(), self.payer.terms().spend_on);
        let redeem = |account: &AccountBox| {
            let params = self.m.world.params();
            claim(&self.m.world.lets, with(account, &note), params)
        };
        assert_eq!(refusal(redeem(payee)).rule(), "note_class");
        let of_a_class = on_terms(&self.m.world, payee, &[(8, self.payer.terms().spend_on[0])]);
        let claimed = redeem(&of_a_class).unwrap();
        let case = self.m.world.case(&claimed.proposal, &[&self.m.keys[2]]);
        case.accepted();
        under(&self.m, case, std::slice::from_ref(payee)).refused_at(1);
    }

    fn later(&mut self, blocks: u32) {
        self.m.world.height = self.m.world.height.plus(Blocks(blocks));
    }

    /// The payer takes back the first of his notes, which has expired.
    fn takes_back(&mut self) {
        self.later(LIFE.0 + 1);
        let note = [self.notes.remove(0)];
        let params = self.m.world.params();
        let trade = refund(&self.m.world.lets, with(&self.payer, &note), params).unwrap();
        signed(&self.m, &trade, &[0]).accepted();
        self.payer = trade.leader;
    }
}

// D2: it is a brake on one transaction, and splitting passes.
#[test]
fn largest_draw_in_pieces_passes_each() {
    let mut pieces = Pieces::of(100, &[(4, 500)], &[]);
    pieces.most(600, "largest_draw");
    pieces.pays(Way::Direct, 600);
    for way in [Way::Note, Way::Direct, Way::Note] {
        pieces.most(500, "largest_draw");
        pieces.pays(way, 500);
    }
    assert_eq!(pieces.payer.balance().units(), -2_000);
}

// D1
#[test]
fn credit_line_in_pieces_sums_up() {
    let mut pieces = Pieces::of(100, &[(1, 1_000)], &[]);
    for (way, units, left) in [
        (Way::Direct, 1, 1_099),
        (Way::Note, 400, 699),
        (Way::Direct, 398, 301),
        (Way::Note, 300, 1),
        (Way::Note, 1, 0),
    ] {
        pieces.pays(way, units);
        pieces.most(left, "credit_line");
    }
}

// D1: suspended, only what is one's own goes out, and not a unit more by the last piece.
#[test]
fn suspension_in_pieces_leaves_own_credit_only() {
    let mut pieces = Pieces::of(300, &[(1, 0)], &[]);
    for (way, left) in [(Way::Direct, 200), (Way::Note, 100), (Way::Direct, 0)] {
        pieces.pays(way, 100);
        pieces.most(left, "credit_line");
    }
}

// D3: with nothing leaking; a note taken back makes the debt smaller, and not what was drawn.
#[test]
fn draw_limit_in_pieces_sums_up_also_when_a_note_comes_back() {
    let mut pieces = Pieces::of(50, &[(5, 1_000), (7, 0)], &[]);
    for (way, units, left) in [
        (Way::Direct, 51, 999),
        (Way::Note, 333, 666),
        (Way::Direct, 333, 333),
        (Way::Note, 332, 1),
        (Way::Direct, 1, 0),
    ] {
        pieces.pays(way, units);
        pieces.most(left, "draw_limit");
    }
    pieces.takes_back();
    assert_eq!(pieces.payer.balance().units(), -667);
    pieces.most(0, "draw_limit");
}

// D3: over time no more than leaks out, however small the pieces and whichever way.
#[test]
fn draw_limit_in_pieces_over_time_gives_what_leaks() {
    // 2 units come back in a block.
    let mut pieces = Pieces::of(0, &[(5, 1_000), (7, 2_000)], &[]);
    pieces.pays(Way::Note, 1_000);
    pieces.most(0, "draw_limit");
    for (way, blocks) in [(Way::Direct, 1), (Way::Note, 50), (Way::Direct, 7)] {
        pieces.later(blocks);
        let back = 2 * i64::from(blocks);
        pieces.most(back, "draw_limit");
        pieces.pays(way, back - 1);
        pieces.most(1, "draw_limit");
        pieces.pays(way, 1);
        pieces.most(0, "draw_limit");
    }
    // After a long time the whole limit is back, and not more than that.
    pieces.later(5_000);
    pieces.most(1_000, "draw_limit");
}

// D4: small draws meanwhile do not make the debt younger; a note taken back that leaves a debt does not either.
#[test]
fn longest_debt_in_pieces_ends_at_its_height() {
    let mut pieces = Pieces::of(0, &[(6, 30_000)], &[]);
    pieces.pays(Way::Direct, 500);
    pieces.pays(Way::Note, 10);
    pieces.later(9_000);
    pieces.pays(Way::Direct, 10);
    pieces.takes_back();
    // The first was in the block after the stamp of its payment.
    let since = pieces.payer.settings().debt_since;
    let last = since + 30_000 - 1;
    pieces.later(u32::try_from(last - pieces.m.world.height.as_i64()).unwrap());
    for way in WAYS {
        pieces.pays(way, 1);
    }
    pieces.later(1);
    pieces.most(0, "longest_debt");
}

// D5: not a unit of credit to a stranger, in pieces, through notes, or through a note of one's own that comes back.
#[test]
fn classes_in_pieces_and_through_notes_hold() {
    let mut pieces = Pieces::of(100, &[], &[3, 4]);
    let stranger = member(&pieces.m, 2, 0, &[(8, 5)], &[]);
    pieces.most_to(&stranger, 100, "payee_class");
    pieces.pays(Way::Note, 700);
    pieces.pays(Way::Direct, 1);
    pieces.most_to(&stranger, 0, "payee_class");
    assert!(pieces.notes.iter().all(|n| n.spend_on() == [3, 4]));
    // The stranger cannot claim what was paid to the grocer, nor can the payer take it back and pass it on.
    pieces.pays(Way::Note, 50);
    pieces.takes_back();
    assert_eq!(pieces.payer.balance().units(), 100 - 51);
    pieces.most_to(&stranger, 49, "payee_class");
    pieces.pays(Way::Note, 60);
    pieces.most_to(&stranger, 0, "payee_class");
    pieces.takes_back();
    // 49 were his own before, and 11 are credit: taking back 50 leaves him with 39 of his own.
    assert_eq!(pieces.payer.balance().units(), 39);
    pieces.most_to(&stranger, 39, "payee_class");
    pieces.payee = stranger;
    pieces.pays(Way::Note, 20);
    pieces.pays(Way::Direct, 19);
}
