/* redirect-verdict-request.c
 * What a 3xx or 6xx means for a request that does not set up a call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-verdict-int.h"

#define CALL_STAYS "; the call stays up"
#define NOT_DEFINED "; what becomes of the dialog is not defined (RFC 5057 5.1)"
#define CALL_IS_OVER "the call is over, for 604 ends the dialog"
#define CALL_ENDS_ANYWAY "; the call ends all the same"
#define SUBSCRIPTION_STAYS "; the subscription stays as it was"
#define SUBSCRIPTION_IS_OVER "the subscription is over"

/* Requests outside of a dialog, and those of which that does not matter. */
static const redirect_request_words_t request_words[] = {
    [SIP_METHOD_OTHER] = {NULL, "not a call", "try", "not a call", NULL},
    [SIP_METHOD_BYE] = {"BYE", "the hang-up is redirected" CALL_ENDS_ANYWAY, "try",
                        "the hang-up is refused" CALL_ENDS_ANYWAY, NULL},
    [SIP_METHOD_CANCEL] = {"CANCEL", "about the CANCEL alone, not about the call", "try",
                           "about the CANCEL alone, not about the call", NULL},
    [SIP_METHOD_INFO] = {"INFO", "not a call", "try", "not a call", NULL},
    [SIP_METHOD_MESSAGE] = {"MESSAGE", "the message is to go elsewhere, not a call", "send it to",
                            "delivered but refused", NULL},
    [SIP_METHOD_NOTIFY] = {"NOTIFY", "the notification is to go elsewhere, not a call", "send it to",
                           "the notification is refused", SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_OPTIONS] = {"OPTIONS", "a query, no call; a call would be redirected (RFC 3261 11.2)", "try",
                            "a query, no call; a call would be refused (RFC 3261 11.2)", NULL},
    [SIP_METHOD_PRACK] = {"PRACK", "about the PRACK alone", "try", "about the PRACK alone", NULL},
    [SIP_METHOD_PUBLISH] = {"PUBLISH", "the publication is to go elsewhere, not a call", "publish at",
                            "the publication is refused", NULL},
    [SIP_METHOD_REFER] = {"REFER", "the transfer request is to go elsewhere", "send it to", "the transfer is refused",
                          NULL},
    [SIP_METHOD_REGISTER] =
        {"REGISTER", "registration moved, not a call", "register at",
         "registration refused; a registrar must not answer 6xx (RFC 3261 10.3), look for an SBC or filter "
         "before it",
         NULL},
    [SIP_METHOD_SUBSCRIBE] = {"SUBSCRIBE", "subscription moved, not a call", "subscribe at",
                              "the subscription is refused", SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_UPDATE] = {"UPDATE", "about the UPDATE alone", "try", "about the UPDATE alone", NULL},
};

/* Requests within a dialog, which the answer leaves alone unless it is a 604. */
static const redirect_request_words_t dialog_words[] = {
    [SIP_METHOD_INFO] = {"INFO", "the INFO is redirected" NOT_DEFINED, "try", "only the INFO is refused" CALL_STAYS,
                         CALL_IS_OVER},
    [SIP_METHOD_INVITE] = {"re-INVITE", "only the change of the call is redirected" CALL_STAYS, "try",
                           "only the change of the call is refused" CALL_STAYS, CALL_IS_OVER},
    [SIP_METHOD_PRACK] = {"PRACK", "the PRACK is redirected" NOT_DEFINED, "try", "only the PRACK is refused",
                          CALL_IS_OVER},
    [SIP_METHOD_REFER] = {"REFER", "the transfer is redirected" NOT_DEFINED, "try",
                          "only the transfer is refused" CALL_STAYS, CALL_IS_OVER},
    [SIP_METHOD_SUBSCRIBE] = {"SUBSCRIBE", "the refresh is redirected" NOT_DEFINED, "try",
                              "only the refresh is refused" SUBSCRIPTION_STAYS, SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_UPDATE] = {"UPDATE", "the change of the call is redirected" NOT_DEFINED, "try",
                           "only the change of the call is refused" CALL_STAYS, CALL_IS_OVER},
};

const redirect_transaction_t *
redirect_request_before(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return transaction && transaction->request.frame != 0 && transaction->request.frame <= record->frame ? transaction
                                                                                                         : NULL;
}

/* A BYE always is (RFC 3261 15.1.1), and of most none is kept. */
bool
redirect_answers_in_dialog(const redirect_record_t *record)
{
    const redirect_transaction_t *request = redirect_request_before(record);

    return record->method == SIP_METHOD_BYE || (request && request->request.in_dialog);
}

const redirect_request_words_t *
redirect_words_for_request(const redirect_record_t *record)
{
    if (record->transaction == NULL && record->method == SIP_METHOD_OTHER) {
        return NULL;
    }
    if (redirect_answers_in_dialog(record) && record->method < G_N_ELEMENTS(dialog_words) &&
        dialog_words[record->method].refused) {
        return &dialog_words[record->method];
    }
    return record->method < G_N_ELEMENTS(request_words) && request_words[record->method].refused
               ? &request_words[record->method]
               : NULL;
}
