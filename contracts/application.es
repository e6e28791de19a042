/**
 * APPLICATION: a request to be admitted, with the ERG that the account will hold.
 *
 * Tokens     none
 * R4 SigmaProp     the applicant's key, which the account will have
 * R5 Coll[Byte]    the pot's NFT (32) ++ who else may act for the account: account.es R7
 * R6 Coll[Long]    0 the last height at which it can be admitted, 1 smallest direct payment
 *
 * Admit      A1 it is INPUTS(1)   A2 INPUTS(0) is the pot named in R5   A3 and fresh, so that its script runs
 *            A4 not after the last height. What becomes of the ERG and the key is the pot's to decide (pot.es).
 * Otherwise  A5 the applicant's proof.
 */
{
  val pot = INPUTS(0)
  val admitted = CONTEXT.selfBoxIndex == 1 &&
    pot.creationInfo._1 + 1051200 > HEIGHT &&
    pot.tokens.size > 0 && pot.tokens(0)._1 == SELF.R5[Coll[Byte]].get.slice(0, 32) &&
    SELF.R6[Coll[Long]].get(0) >= HEIGHT
  if (admitted) sigmaProp(true) else SELF.R4[SigmaProp].get
}
