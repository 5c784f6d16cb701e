#
# Wireshark tests
#
# SPDX-License-Identifier: GPL-2.0-or-later
#
'''SIP redirect tests'''

import subprocess

# Each expectation is worked out from the SIP fields of its capture. Frames:
#
# followed      1 INVITE, 2 302, 3 ACK, 4 INVITE to the target, 5 180, 6 200, 7 ACK, 8 BYE, 9 200
# recursed      a proxy follows: 1 INVITE, 3 forwarded, 4 302, 6 INVITE to the target, 9 200, forwarded in 10
# loop          302s in 2, 5, 8 ... 23 point from one server to the other, INVITEs 4, 7, 10 ... 25 follow
# codes         sixteen calls of INVITE, final response, ACK: the responses are 2, 5, 8 ... 47
# fork          3 and 4 are the branches of 1; 603 in 9, CANCEL of the other in 11, 487 in 13, the 603 forwarded in 15
# made          a B2BUA: INVITEs 1 and 3 under two Call-IDs, 600 in 4, and the caller gets 486 in 6
# not_followed  302 in 2; OPTIONS 4 and its 200 come 45.8 s later
# cut_short     302 in 2; OPTIONS 4 and its 200 come 2.4 s later, and the capture ends
# segments      TCP: frame 4 is OPTIONS and INVITE, 8 a 302, 10 an ACK and the begin of the INVITE that ends in 14

ANSWERED, FAILED, GLOBAL_FAILURE, NOT_FOLLOWED, UNFINISHED = '1', '2', '3', '4', '0'


class TestSipRedirect:

    @staticmethod
    def fields(cmd_tshark, capture, env, display_filter, *names, two_pass=True):
        '''A row of values for each frame that passes the filter.'''
        command = [cmd_tshark, '-n', '-r', capture, '-Y', display_filter, '-T', 'fields']
        command += ['-2'] if two_pass else []
        for name in ('frame.number',) + names:
            command += ['-e', name]
        stdout = subprocess.check_output(command, encoding='utf-8', env=env)
        return [tuple(line.split('\t')) for line in stdout.splitlines()]

    def test_sip_redirect_followed(self, cmd_tshark, capture_file, test_env):
        '''A 302 names its target, the request that tried it, what came of that, and how the call ended.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_followed.pcap'), test_env, 'sip_redirect.code',
                           'sip_redirect.code', 'sip_redirect.target', 'sip_redirect.target.tried_in',
                           'sip_redirect.target.result', 'sip_redirect.chain.outcome', 'sip_redirect.chain.final_in')
        assert rows == [('2', '302', 'sip:bob@192.0.2.40:5060', '4', '200', ANSWERED, '6')]

    def test_sip_redirect_chain(self, cmd_tshark, capture_file, test_env):
        '''The chain is both INVITE transactions and their ACKs, and not the BYE after them.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_followed.pcap'), test_env, 'sip_redirect.chain == 0',
                           'sip_redirect.chain.hop', 'sip_redirect.chain.redirected_in')
        assert rows == [('1', '0', ''), ('2', '0', ''), ('3', '0', ''),
                        ('4', '1', '2'), ('5', '1', '2'), ('6', '1', '2'), ('7', '1', '2')]

    def test_sip_redirect_single_pass(self, cmd_tshark, capture_file, test_env):
        '''A single pass says of the 302 what is known when it comes.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_followed.pcap'), test_env, 'sip_redirect.code',
                           'sip_redirect.code', 'sip_redirect.target', 'sip_redirect.target.tried_in',
                           'sip_redirect.chain.outcome', two_pass=False)
        assert rows == [('2', '302', 'sip:bob@192.0.2.40:5060', '', UNFINISHED)]

    def test_sip_redirect_recursed(self, cmd_tshark, capture_file, test_env):
        '''A proxy follows the 302 under the caller's Call-ID and CSeq.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_recursed.pcap'), test_env,
                           'sip_redirect && sip.Method == "INVITE"',
                           'sip_redirect.chain', 'sip_redirect.chain.hop', 'sip_redirect.chain.redirected_in',
                           'sip_redirect.chain.final_in')
        assert rows == [('1', '0', '0', '', '10'), ('3', '0', '0', '', '10'), ('6', '0', '1', '4', '10')]

    def test_sip_redirect_loop(self, cmd_tshark, capture_file, test_env):
        '''A target where the request has been is reported, and so is each request that goes there again.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_loop.pcap'), test_env, 'sip_redirect.loop',
                           'sip_redirect.code')
        assert rows == sorted([(str(frame), '302') for frame in range(5, 24, 3)] +
                              [(str(frame), '') for frame in range(7, 26, 3)], key=lambda row: int(row[0]))

    def test_sip_redirect_codes(self, cmd_tshark, capture_file, test_env):
        '''Each registered 3xx and 6xx is explained.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_codes.pcap'), test_env, 'sip_redirect.code',
                           'sip_redirect.code', 'sip_redirect.class')
        codes = [300, 301, 302, 305, 380, 600, 603, 604, 606, 607, 608, 603, 603, 603, 603, 300]
        assert rows == [(str(3 * i + 2), str(code), str(code // 100)) for i, code in enumerate(codes)]

    def test_sip_redirect_network_blocked(self, cmd_tshark, capture_file, test_env):
        '''A 603 is the 603+ of ATIS-1000099 where reason phrase and Reason header both say so, and only there.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_codes.pcap'), test_env,
                           'sip_redirect.network_blocked == 1', 'sip_redirect.network_blocked.tel')
        assert rows == [('35', '+12025550199'), ('38', '')]

    def test_sip_redirect_fork(self, cmd_tshark, capture_file, test_env):
        '''A 603 on one branch ends the call on all; it is one response, seen on two legs.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_fork.pcap'), test_env, 'sip_redirect.code',
                           'sip_redirect.code', 'sip_redirect.chain', 'sip_redirect.chain.hop',
                           'sip_redirect.chain.outcome', 'sip_redirect.chain.final_in')
        assert rows == [('9', '603', '0', '0', GLOBAL_FAILURE, '15'), ('15', '603', '0', '0', GLOBAL_FAILURE, '15')]

    def test_sip_redirect_made_by_b2bua(self, cmd_tshark, capture_file, test_env):
        '''The caller gets 486 for the callee's 600; the call ended as the caller saw it.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_made.pcap'), test_env,
                           'sip_redirect.code || sip_redirect.chain.leg_of_in', 'sip_redirect.code',
                           'sip_redirect.chain.leg_of_in', 'sip_redirect.chain.hidden_in',
                           'sip_redirect.chain.outcome', 'sip_redirect.chain.final_in')
        assert rows == [('3', '', '1', '', FAILED, '6'), ('4', '600', '', '6', FAILED, '6')]

    def test_sip_redirect_not_followed(self, cmd_tshark, capture_file, test_env):
        '''That nobody follows is said where the capture goes on for 32 seconds, and of the 302 only.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_not_followed.pcap'), test_env,
                           'sip_redirect.not_followed', 'sip_redirect.chain.outcome')
        assert rows == [('2', NOT_FOLLOWED)]

    def test_sip_redirect_cut_short(self, cmd_tshark, capture_file, test_env):
        '''It is not said where the capture ends before.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_cut_short.pcap'), test_env,
                           'sip_redirect.code || sip_redirect.not_followed',
                           'sip_redirect.code', 'sip_redirect.chain.outcome')
        assert rows == [('2', '302', UNFINISHED)]

    def test_sip_redirect_no_part(self, cmd_tshark, capture_file, test_env):
        '''Other requests are no part of a chain.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_not_followed.pcap'), test_env,
                           'sip && !sip_redirect', 'sip.CSeq.method')
        assert rows == [('4', 'OPTIONS'), ('5', 'OPTIONS')]

    def test_sip_redirect_segments(self, cmd_tshark, capture_file, test_env):
        '''Of two messages in a segment the right one counts; one over three segments counts where it ends.'''
        rows = self.fields(cmd_tshark, capture_file('sip_redirect_segments.pcap'), test_env,
                           'sip_redirect && tcp && sip.CSeq.method == "INVITE" && !sip.Status-Code',
                           'sip_redirect.chain', 'sip_redirect.chain.hop', 'sip_redirect.chain.redirected_in')
        assert rows == [('4', '0', '0', ''), ('14', '0', '1', '8')]

    def test_sip_redirect_report(self, cmd_tshark, capture_file, test_env):
        '''-z sip_redirect,chains counts chains by how they ended.'''
        stdout = subprocess.check_output((cmd_tshark, '-n', '-q', '-r', capture_file('sip_redirect_codes.pcap'),
                                          '-z', 'sip_redirect,chains'), encoding='utf-8', env=test_env)
        # 380 asks for another service and ends the call; 600 to 603+ in 17 to 44 are ten; five 3xx are left open.
        assert ('Chains: 16, answered 0, failed 1, global failure 10, not followed 0, cancelled 0, no answer 0, '
                'unfinished 5\n') in stdout

    def test_sip_redirect_report_argument(self, cmd_tshark, capture_file, test_env):
        '''A filter that is none ends the run.'''
        done = subprocess.run((cmd_tshark, '-n', '-q', '-r', capture_file('sip_redirect_codes.pcap'),
                               '-z', 'sip_redirect,chains,no.such.field'),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8', env=test_env)
        assert done.returncode != 0 and done.stdout == ''
        assert 'no.such.field' in done.stderr and 'must be one of' not in done.stderr

    def test_sip_redirect_follow(self, cmd_tshark, capture_file, test_env):
        '''-z follow,sip_redirect shows the messages of a chain in order.'''
        stdout = subprocess.check_output((cmd_tshark, '-n', '-2', '-q',
                                          '-r', capture_file('sip_redirect_followed.pcap'),
                                          '-z', 'follow,sip_redirect,ascii,0'), encoding='utf-8', env=test_env)
        starts = [line.split()[:2] for line in stdout.splitlines()
                  if line.startswith('SIP/2.0 ') or line.endswith(' SIP/2.0')]
        assert starts == [['INVITE', 'sip:bob@192.0.2.20'], ['SIP/2.0', '302'], ['ACK', 'sip:bob@192.0.2.20'],
                          ['INVITE', 'sip:bob@192.0.2.40:5060'], ['SIP/2.0', '180'], ['SIP/2.0', '200'],
                          ['ACK', 'sip:192.0.2.40:5060;transport=UDP']]
