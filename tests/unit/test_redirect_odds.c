/* test_redirect_odds.c
 * How likely a new call follows a redirect: what each thing that is learnt does to it. How often that is right on the
 * whole: tests/calibration.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-odds.h"

#define ALICE 101
#define BOB 102
#define CAROL 201
#define DAVE 202
#define MILLISECOND (REDIRECT_SECOND / 1000)

typedef struct {
    wmem_allocator_t *scope;
    redirect_odds_t *odds;
    uint64_t party;
} bench_t;

static void
bench_begin(bench_t *bench)
{
    static const uint8_t address[4] = {192, 0, 2, 10};

    bench->scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    bench->odds = redirect_odds_new(bench->scope, 0);
    bench->party = redirect_odds_party(address, sizeof(address));
}

static void
bench_end(bench_t *bench)
{
    wmem_destroy_allocator(bench->scope);
}

static redirect_odds_call_t
call_at(const bench_t *bench, uint32_t caller, uint32_t target, redirect_time_t time)
{
    return (redirect_odds_call_t){.party = bench->party, .caller = caller, .target = target, .time = time};
}

static redirect_odds_fit_t
fit_after(redirect_time_t after)
{
    return (redirect_odds_fit_t){.after = after, .open = 1};
}

/* That a call follows the one redirect that it fits. */
static double
likelihood(const bench_t *bench, const redirect_odds_call_t *call, const redirect_odds_fit_t *fit)
{
    const double follows = redirect_odds_of_follow_up(bench->odds, call, fit);

    return follows / (follows + redirect_odds_of_own_calls(bench->odds, call));
}

static double
likelihood_after(const bench_t *bench, redirect_time_t after)
{
    const redirect_odds_call_t call = call_at(bench, ALICE, CAROL, 1000 * REDIRECT_SECOND);
    const redirect_odds_fit_t fit = fit_after(after);

    return likelihood(bench, &call, &fit);
}

static void
make_calls(bench_t *bench, uint32_t caller, uint32_t target, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const redirect_odds_call_t call = call_at(bench, caller, target, (i + 1) * REDIRECT_SECOND);
        redirect_odds_learn_call(bench->odds, &call, 1);
    }
}

static void
make_follow_ups(bench_t *bench, unsigned count, redirect_time_t after)
{
    for (unsigned i = 0; i < count; i++) {
        const redirect_odds_call_t call = call_at(bench, ALICE, CAROL, (i + 1) * REDIRECT_SECOND);
        const redirect_odds_fit_t fit = fit_after(after);
        redirect_odds_learn_redirect(bench->odds, bench->party);
        redirect_odds_learn_follow_up(bench->odds, &call, &fit, 1, false);
    }
}

static void
test_sooner_is_likelier(void)
{
    double before = 1;
    bench_t bench;

    bench_begin(&bench);
    for (redirect_time_t after = MILLISECOND; after < 60 * REDIRECT_SECOND; after *= 2) {
        const double now = likelihood_after(&bench, after);
        g_assert_cmpfloat(now, <, before);
        before = now;
    }
    g_assert_cmpfloat(likelihood_after(&bench, 20 * MILLISECOND), >, 0.999);
    bench_end(&bench);
}

static void
test_frequent_caller(void)
{
    bench_t bench;
    double rare;

    bench_begin(&bench);
    rare = likelihood_after(&bench, REDIRECT_SECOND);
    make_calls(&bench, ALICE, CAROL, 500);
    g_assert_cmpfloat(rare, >, 0.99);
    g_assert_cmpfloat(likelihood_after(&bench, REDIRECT_SECOND), <, 0.3);
    g_assert_cmpfloat(likelihood_after(&bench, MILLISECOND), >, 0.99);
    bench_end(&bench);
}

/* He calls much, but not that target; others call it. */
static void
test_other_calls(void)
{
    bench_t bench;
    double of_pair;

    bench_begin(&bench);
    make_calls(&bench, ALICE, CAROL, 50);
    of_pair = likelihood_after(&bench, 10 * REDIRECT_SECOND);
    bench_end(&bench);
    bench_begin(&bench);
    make_calls(&bench, ALICE, DAVE, 50);
    make_calls(&bench, BOB, CAROL, 2);
    g_assert_cmpfloat(likelihood_after(&bench, 10 * REDIRECT_SECOND), >, of_pair);
    bench_end(&bench);
}

static void
test_rates_last(void)
{
    redirect_odds_call_t last;
    bench_t bench;

    bench_begin(&bench);
    for (unsigned i = 0; i < 60000; i++) { /* ten a second, a tenth of them alice's; half is forgotten three times */
        const redirect_odds_call_t one =
            call_at(&bench, i % 10 == 0 ? ALICE : 1000 + i % 7, CAROL, i * (REDIRECT_SECOND / 10));
        redirect_odds_learn_call(bench.odds, &one, 1);
    }
    last = call_at(&bench, ALICE, CAROL, 6000 * REDIRECT_SECOND);
    g_assert_cmpfloat(redirect_odds_of_own_calls(bench.odds, &last), >, 0.8);
    g_assert_cmpfloat(redirect_odds_of_own_calls(bench.odds, &last), <, 1.2);
    bench_end(&bench);
}

static void
test_learns_delay(void)
{
    bench_t bench;
    double slow, fast;

    bench_begin(&bench);
    slow = likelihood_after(&bench, 20 * REDIRECT_SECOND);
    fast = likelihood_after(&bench, 20 * MILLISECOND);
    make_follow_ups(&bench, 300, 20 * MILLISECOND);
    g_assert_cmpfloat(likelihood_after(&bench, 20 * REDIRECT_SECOND), <, slow);
    g_assert_cmpfloat(likelihood_after(&bench, 20 * MILLISECOND), >, fast);
    bench_end(&bench);
}

static void
test_learns_share_followed(void)
{
    bench_t bench;
    double before;

    bench_begin(&bench);
    before = likelihood_after(&bench, 10 * REDIRECT_SECOND);
    for (unsigned i = 0; i < 1000; i++) {
        redirect_odds_learn_redirect(bench.odds, bench.party);
    }
    g_assert_cmpfloat(likelihood_after(&bench, 10 * REDIRECT_SECOND), <, before - 0.1);
    bench_end(&bench);
}

/* Of a redirect that other calls may have followed less is left to follow. */
static void
test_open(void)
{
    redirect_odds_fit_t fit = fit_after(REDIRECT_SECOND);
    redirect_odds_call_t call;
    bench_t bench;
    double whole;

    bench_begin(&bench);
    call = call_at(&bench, ALICE, CAROL, 1000 * REDIRECT_SECOND);
    whole = redirect_odds_of_follow_up(bench.odds, &call, &fit);
    fit.open = 0.25;
    g_assert_cmpfloat_with_epsilon(redirect_odds_of_follow_up(bench.odds, &call, &fit), whole / 4, whole / 1000);
    bench_end(&bench);
}

static void
test_names_another(void)
{
    bench_t bench;
    redirect_odds_call_t call;
    redirect_odds_fit_t fit = fit_after(REDIRECT_SECOND);
    double silent;

    bench_begin(&bench);
    call = call_at(&bench, ALICE, CAROL, 1000 * REDIRECT_SECOND);
    silent = redirect_odds_of_follow_up(bench.odds, &call, &fit);
    call.shows_origin = true;
    g_assert_cmpfloat(redirect_odds_of_follow_up(bench.odds, &call, &fit), <, silent / 50);
    /* Where follow-ups are named, one that is not is hardly one. */
    call.shows_origin = false;
    for (unsigned i = 0; i < 100; i++) {
        redirect_odds_learn_redirect(bench.odds, bench.party);
        redirect_odds_learn_follow_up(bench.odds, &call, &fit, 1, true);
    }
    fit.after = 20 * REDIRECT_SECOND;
    g_assert_cmpfloat(redirect_odds_of_follow_up(bench.odds, &call, &fit), <, silent / 50);
    bench_end(&bench);
}

static void
test_token(void)
{
    bench_t bench;
    redirect_odds_call_t redirected, call;
    redirect_odds_fit_t fit = fit_after(5 * REDIRECT_SECOND);
    redirect_trait_t trait;
    double without;

    bench_begin(&bench);
    redirected = call = call_at(&bench, ALICE, CAROL, REDIRECT_SECOND);
    redirected.traits.value[REDIRECT_TRAIT_FROM_TAG] = 77;
    redirect_odds_learn_call(bench.odds, &redirected, 1);
    for (uint32_t i = 0; i < 20; i++) { /* other calls show that each has another */
        redirect_odds_call_t other = call_at(&bench, BOB, DAVE, REDIRECT_SECOND);
        other.traits.value[REDIRECT_TRAIT_FROM_TAG] = 100 + i;
        redirect_odds_learn_call(bench.odds, &other, 1);
    }
    fit.traits = redirected.traits;
    without = likelihood(&bench, &call, &fit);
    g_assert_false(redirect_odds_have_token(bench.odds, &call, &fit, &trait));
    call.traits.value[REDIRECT_TRAIT_FROM_TAG] = 77;
    g_assert_true(redirect_odds_have_token(bench.odds, &call, &fit, &trait));
    g_assert_cmpint(trait, ==, REDIRECT_TRAIT_FROM_TAG);
    g_assert_cmpfloat(likelihood(&bench, &call, &fit), >, without);
    /* A call that follows nothing has it, too: then it is no token. */
    redirected.target = DAVE;
    redirect_odds_learn_call(bench.odds, &redirected, 1);
    g_assert_false(redirect_odds_have_token(bench.odds, &call, &fit, &trait));
    bench_end(&bench);
}

/* Where follow-ups keep the From tag, a call with another is none. */
static void
test_contradiction(void)
{
    redirect_odds_fit_t fit = fit_after(10 * REDIRECT_SECOND);
    redirect_odds_call_t call;
    bench_t bench;
    double unknown;

    bench_begin(&bench);
    call = call_at(&bench, ALICE, CAROL, REDIRECT_SECOND);
    call.traits.value[REDIRECT_TRAIT_FROM_TAG] = fit.traits.value[REDIRECT_TRAIT_FROM_TAG] = 5;
    for (unsigned i = 0; i < 100; i++) {
        redirect_odds_learn_redirect(bench.odds, bench.party);
        redirect_odds_learn_follow_up(bench.odds, &call, &fit, 1, false);
    }
    fit.traits.value[REDIRECT_TRAIT_FROM_TAG] = 0;
    unknown = redirect_odds_of_follow_up(bench.odds, &call, &fit);
    fit.traits.value[REDIRECT_TRAIT_FROM_TAG] = 7;
    g_assert_cmpfloat(redirect_odds_of_follow_up(bench.odds, &call, &fit), <, unknown / 20);
    bench_end(&bench);
}

static void
test_room(void)
{
    bench_t bench;

    bench_begin(&bench);
    g_assert_true(redirect_odds_may_risk(bench.odds, bench.party, 0.9));
    g_assert_false(redirect_odds_may_risk(bench.odds, bench.party, 0.8));
    for (unsigned i = 0; i < 3; i++) {
        redirect_odds_learn_risk(bench.odds, bench.party, 0.99);
    }
    g_assert_true(redirect_odds_may_risk(bench.odds, bench.party, 0.8));
    g_assert_false(redirect_odds_may_risk(bench.odds, bench.party, 0.6));
    redirect_odds_learn_risk(bench.odds, bench.party, 0.8);
    g_assert_false(redirect_odds_may_risk(bench.odds, bench.party, 0.8));
    bench_end(&bench);
}

static void
test_kept_traits(void)
{
    const redirect_traits_t traits = {{1, 2, 3, 4, 5}};
    redirect_traits_t found;
    bench_t bench;

    bench_begin(&bench);
    g_assert_false(redirect_odds_kept_traits(bench.odds, 0, &found));
    redirect_odds_keep_traits(bench.odds, 17, &traits);
    g_assert_true(redirect_odds_kept_traits(bench.odds, 17, &found));
    g_assert_cmpmem(&found, sizeof(found), &traits, sizeof(traits));
    g_assert_false(redirect_odds_kept_traits(bench.odds, 18, &found));
    redirect_odds_keep_traits(bench.odds, 17 + 1024, &traits);
    g_assert_false(redirect_odds_kept_traits(bench.odds, 17, &found));
    bench_end(&bench);
}

static void
test_wanted_traits(void)
{
    bench_t bench;

    bench_begin(&bench);
    g_assert_cmphex(redirect_odds_wanted_traits(bench.odds, bench.party, ALICE), ==, REDIRECT_TRAITS_ALL);
    for (unsigned i = 0; i < 1000; i++) {
        redirect_odds_learn_redirect(bench.odds, bench.party);
    }
    /* Nobody follows under another Call-ID. */
    g_assert_cmphex(redirect_odds_wanted_traits(bench.odds, bench.party, ALICE), ==, 0);
    g_assert_cmphex(redirect_odds_wanted_traits(bench.odds, bench.party, 8 * ALICE), ==, REDIRECT_TRAITS_ALL);
    for (unsigned i = 0; i < 500; i++) {
        redirect_odds_call_t call = call_at(&bench, ALICE, CAROL, REDIRECT_SECOND);
        redirect_odds_fit_t fit = fit_after(REDIRECT_SECOND);
        call.traits = (redirect_traits_t){{i + 1, 9, 9, 9, 9}}; /* each a From tag of its own */
        fit.traits = (redirect_traits_t){{9999, 9, 9, 9, 9}};
        redirect_odds_learn_follow_up(bench.odds, &call, &fit, 1, false);
    }
    g_assert_cmphex(redirect_odds_wanted_traits(bench.odds, bench.party, ALICE) & 1U << REDIRECT_TRAIT_FROM_TAG, ==, 0);
    g_assert_cmphex(redirect_odds_wanted_traits(bench.odds, bench.party, ALICE) & 1U << REDIRECT_TRAIT_SDP, !=, 0);
    bench_end(&bench);
}

/* --- traits ------------------------------------------------------------------------------------------------------- */

static redirect_traits_t
traits_of(const char *headers, const char *body)
{
    char *text = g_strconcat("INVITE sip:carol@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n", headers,
                             "Call-ID: a\r\nCSeq: 1 INVITE\r\n\r\n", body, NULL);
    redirect_traits_t traits;
    sip_message_t sip;

    g_assert_true(sip_message_parse(sip_slice_from_string(text), &sip));
    traits = redirect_traits_read(&sip, REDIRECT_TRAITS_ALL);
    g_free(text);
    return traits;
}

static void
test_reads_traits(void)
{
    static const char headers[] = "From: <sip:a@b>;tag=1234567890\r\nContact: <sip:a@c>\r\nUser-Agent: Phone 7\r\n"
                                  "Session-ID: ab30317f1a784dc48ff824d0d3715d86\r\n";
    const redirect_traits_t whole = traits_of(headers, "v=0\r\no=- 77 1 IN IP4 h\r\ns=-\r\n");
    const redirect_traits_t changed = traits_of(headers, "v=0\r\no=- 77 2 IN IP4 h\r\ns=x\r\n");
    const redirect_traits_t other = traits_of(headers, "v=0\r\no=- 78 1 IN IP4 h\r\ns=-\r\n");
    const redirect_traits_t bare = traits_of("From: <sip:a@b>;tag=short\r\n", "");

    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        g_assert_cmpuint(whole.value[i], !=, 0);
        g_assert_cmpuint(bare.value[i], ==, 0);
    }
    g_assert_cmpuint(whole.value[REDIRECT_TRAIT_SDP], ==, changed.value[REDIRECT_TRAIT_SDP]);
    g_assert_cmpuint(whole.value[REDIRECT_TRAIT_SDP], !=, other.value[REDIRECT_TRAIT_SDP]);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    wmem_init();
    g_test_add_func("/redirect-odds/sooner-is-likelier", test_sooner_is_likelier);
    g_test_add_func("/redirect-odds/frequent-caller", test_frequent_caller);
    g_test_add_func("/redirect-odds/other-calls", test_other_calls);
    g_test_add_func("/redirect-odds/rates-last", test_rates_last);
    g_test_add_func("/redirect-odds/learns-delay", test_learns_delay);
    g_test_add_func("/redirect-odds/learns-share-followed", test_learns_share_followed);
    g_test_add_func("/redirect-odds/open", test_open);
    g_test_add_func("/redirect-odds/names-another", test_names_another);
    g_test_add_func("/redirect-odds/token", test_token);
    g_test_add_func("/redirect-odds/contradiction", test_contradiction);
    g_test_add_func("/redirect-odds/room", test_room);
    g_test_add_func("/redirect-odds/kept-traits", test_kept_traits);
    g_test_add_func("/redirect-odds/wanted-traits", test_wanted_traits);
    g_test_add_func("/redirect-odds/reads-traits", test_reads_traits);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
